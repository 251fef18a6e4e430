"""Domains have one canonical form, and only whole labels match."""

import pytest

from broker.domains import (
    above,
    canonical_address,
    matches,
    more_specific,
    most_specific,
    normalise,
    normalise_pattern,
    of_address,
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        pytest.param("Example.COM", "example.com", id="case"),
        pytest.param("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", id="CL-25 full-width"),
        pytest.param("example。com", "example.com", id="CL-25 ideographic dot"),
        pytest.param("straße.de", "xn--strae-oqa.de", id="CL-27 sharp s is kept"),
        pytest.param("ﬁnance.com", "finance.com", id="CL-27 ligature"),
        pytest.param("bu\u0308cher.de", "xn--bcher-kva.de", id="CL-27 decomposed"),
        pytest.param("xn--bcher-kva.de", "xn--bcher-kva.de", id="CL-28 A-label"),
        pytest.param("XN--BCHER-KVA.de", "xn--bcher-kva.de", id="CL-28 A-label, upper case"),
        pytest.param("example.com.", "example.com", id="CL-29 one trailing dot"),
        pytest.param("corp.local", "corp.local", id="a private suffix is a domain"),
        pytest.param("a.1password.com", "a.1password.com", id="a label may start with a digit"),
    ],
)
def test_a_domain_has_one_canonical_form(written, canonical):
    assert normalise(written) == canonical
    assert normalise(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("exa\u200bmple.com", id="CL-26 zero-width space"),
        pytest.param("exa\u00admple.com", id="CL-26 soft hyphen"),
        pytest.param("exa\u200dmple.com", id="CL-26 zero-width joiner"),
        pytest.param("exa\ufe0fmple.com", id="CL-26 variation selector"),
        pytest.param("exa\u034fmple.com", id="CL-26 grapheme joiner"),
        pytest.param("\ufeffexample.com", id="CL-26 byte order mark"),
        pytest.param("example\u202e.com", id="CL-26 bidirectional override"),
        pytest.param("xn--a.com", id="CL-28 invalid A-label"),
        pytest.param("xn--example-.com", id="CL-28 fake A-label"),
        pytest.param("xn--strasse-.de", id="CL-28 A-label of ASCII"),
        pytest.param("example..com", id="CL-29 double dot"),
        pytest.param("example.com..", id="CL-29 two trailing dots"),
        pytest.param(".example.com", id="CL-29 leading dot"),
        pytest.param("-example.com", id="CL-29 leading hyphen"),
        pytest.param("example-.com", id="CL-29 trailing hyphen"),
        pytest.param("example.com\n", id="CL-30 newline"),
        pytest.param("example.com\t", id="CL-30 tab"),
        pytest.param(" example.com", id="CL-30 leading space"),
        pytest.param("example.com\0.evil.com", id="CL-30 NUL"),
        pytest.param("127.0.0.1", id="CL-31 IPv4"),
        pytest.param("1.2.3.0x7f", id="CL-31 IPv4 in hexadecimal"),
        pytest.param("[127.0.0.1]", id="CL-31 domain literal"),
        pytest.param("[::1]", id="CL-31 IPv6 literal"),
        pytest.param("localhost", id="CL-31 localhost"),
        pytest.param("mail.localhost", id="CL-31 below localhost"),
        pytest.param("intranet", id="CL-31 single label"),
        pytest.param("com.", id="CL-31 single label with dot"),
        pytest.param("a" * 64 + ".com", id="CL-35 long label"),
        pytest.param(".".join(["abcdefg"] * 32), id="CL-35 long name"),
        pytest.param("a" * 100_000, id="CL-35 very long name"),
        pytest.param("", id="empty"),
        pytest.param("exa_mple.com", id="underscore"),
        pytest.param("exa\ud800mple.com", id="lone surrogate"),
        pytest.param("*.example.com", id="a pattern is not a domain"),
        pytest.param("a@example.com", id="an address is not a domain"),
        pytest.param("example.com:443", id="port"),
        pytest.param("example.com/x", id="path"),
    ],
)
def test_what_is_no_mail_domain_is_refused(written):
    with pytest.raises(ValueError, match="domain"):
        normalise(written)


def test_a_confusable_never_equals_the_ascii_domain():
    """CL-24: a Cyrillic а makes another domain."""
    assert normalise("ex\u0430mple.com") == "xn--exmple-4nf.com"


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("alice@example.com", "example.com"),
        ("a+x@example.com", "example.com"),
        ("a.b.c@Example.COM", "example.com"),
        ("o'brien@example.com", "example.com"),
        ("jürgen@bücher.de", "xn--bcher-kva.de"),
        ("a@example.com.", "example.com"),
    ],
)
def test_an_address_gives_its_domain(address, domain):
    assert of_address(address) == domain


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a@b.example@c.example", id="CL-32 two at signs"),
        pytest.param('"a@b"@example.com', id="CL-32 quoted local part"),
        pytest.param('"a"@example.com', id="CL-32 quoted simple local part"),
        pytest.param("a(x)@example.com", id="CL-32 comment"),
        pytest.param("a@example.com(x)", id="CL-32 comment after"),
        pytest.param("Alice <alice@example.com>", id="CL-32 display name"),
        pytest.param("a@example.com,b@example.com", id="CL-32 two addresses"),
        pytest.param("a@example.com b@example.com", id="CL-32 two addresses, space"),
        pytest.param("a@[127.0.0.1]", id="CL-31 literal"),
        pytest.param("a@localhost", id="CL-31 localhost"),
        pytest.param("a@example.com\n", id="CL-30 newline"),
        pytest.param("a\r\nBcc: x@example.com", id="CL-30 header injection"),
        pytest.param("a\u200b@example.com", id="CL-26 zero-width local part"),
        pytest.param("a\ud800@example.com", id="lone surrogate in the local part"),
        pytest.param("a" * 65 + "@example.com", id="CL-35 long local part"),
        pytest.param("a@" + "b" * 60 + "." + ".".join(["abcdefg"] * 24) + ".com", id="CL-35 long address"),
        pytest.param(".a@example.com", id="leading dot"),
        pytest.param("a.@example.com", id="trailing dot"),
        pytest.param("a..b@example.com", id="double dot"),
        pytest.param("@example.com", id="no local part"),
        pytest.param("a@", id="no domain"),
        pytest.param("example.com", id="no at sign"),
        pytest.param("", id="empty"),
        pytest.param("a＠example.com", id="full-width at sign"),
    ],
)
def test_what_is_not_exactly_one_address_gives_nothing(text):
    assert of_address(text) is None


@pytest.mark.parametrize(
    ("pattern", "domain", "expected"),
    [
        pytest.param("b.example", "b.example", True, id="exact"),
        pytest.param("b.example", "evilb.example", False, id="TN-10 no label boundary"),
        pytest.param("b.example", "b.example.evil", False, id="TN-10 prefix"),
        pytest.param("*.b.example", "evilb.example", False, id="TN-10 wildcard without boundary"),
        pytest.param("b.example", "x.b.example", False, id="TN-11 exact does not cover below"),
        pytest.param("*.b.example", "x.b.example", True, id="TN-11 wildcard"),
        pytest.param("*.b.example", "y.x.b.example", True, id="wildcard covers every depth"),
        pytest.param("*.b.example", "b.example", False, id="wildcard does not cover itself"),
        pytest.param("*.b.example", "b.example.evil", False, id="TN-10 wildcard, prefix"),
    ],
)
def test_only_whole_labels_match(pattern, domain, expected):
    assert matches(pattern, domain) is expected


def test_patterns_are_normalised_below_their_star():
    assert normalise_pattern("*.Straße.de") == "*.xn--strae-oqa.de"
    assert normalise_pattern("Example.com.") == "example.com"


@pytest.mark.parametrize("pattern", ["*", "*.", "*.com", "a.*.com", "*a.com", "**.a.com", "*.*.a.com", "*.localhost"])
def test_a_star_stands_only_as_the_whole_first_label_above_a_domain(pattern):
    with pytest.raises(ValueError, match="domain"):
        normalise_pattern(pattern)


def test_the_most_specific_pattern_wins():
    patterns = ("*.example.com", "*.b.example.com", "a.b.example.com")
    assert most_specific(patterns, "a.b.example.com") == "a.b.example.com"
    assert most_specific(patterns, "c.b.example.com") == "*.b.example.com"
    assert most_specific(patterns, "b.example.com") == "*.example.com"
    assert most_specific(patterns, "example.com") is None
    assert more_specific("a.example.com", "*.example.com")
    assert not more_specific("*.example.com", "*.b.example.com")


def test_names_above_come_nearest_first():
    assert list(above("a.b.example")) == ["b.example", "example"]


def test_no_other_letter_becomes_an_ascii_one() -> None:
    """CL-31 in the local part: who may choose a mailbox in Unicode must not become somebody with one in ASCII."""
    assert canonical_address("mar\u212a@contoso.com") is None
    assert canonical_address("Jo\u0308rg@contoso.com") is None, "not composed"
    assert canonical_address("JÖRG@contoso.com") == "jörg@contoso.com"
    strange = [chr(code) for code in range(0x80, 0x110000) if chr(code).lower().isascii()]
    assert strange, "Unicode has such letters"
    assert {canonical_address(f"{letter}@contoso.com") for letter in strange} == {None}
