"""Which address leaves, and when it is verified (contract section 3)."""

from __future__ import annotations

import pytest

from broker.model import Deny, Set
from tests.unit.claims.given import idp, run

OUTSIDE = "email is outside the tenant's email_domains and was dropped"
NO_ADDRESS = "email is not one address and was dropped"


@pytest.mark.parametrize(
    "address", ["a@contoso.com", "a@CONTOSO.com", "a@eu.contoso.com", "a+x@contoso.com", "É@contoso.com"]
)
def test_an_address_in_the_tenants_domains_leaves_as_sent(address: str) -> None:
    """CL-33, CL-34, CL-37: nothing is folded or normalised."""
    outcome = run(incoming={"email": address}, proven=True)
    assert (outcome.claims, outcome.email_verified, outcome.notes) == ({"email": address}, True, ())


@pytest.mark.parametrize(
    "address",
    [
        "a@fabrikam.com",
        "a@xcontoso.com",  # CL-13
        "a@contoso.com.evil.example",
        "a@cоntoso.com",  # CL-24: Cyrillic o
        "a@bcontoso.com",
        "a@contoso.co",
    ],
)
def test_an_address_elsewhere_is_dropped(address: str) -> None:
    outcome = run(incoming={"email": address}, proven=True)
    assert (outcome.claims, outcome.email_verified, outcome.notes) == ({}, None, (OUTSIDE,))


@pytest.mark.parametrize("domains", [("contoso.com",), ("*.contoso.com",)])
def test_a_wildcard_and_its_apex_are_two_things(domains: tuple[str, ...]) -> None:
    inside = "a@contoso.com" if domains == ("contoso.com",) else "a@eu.contoso.com"
    outside = "a@eu.contoso.com" if domains == ("contoso.com",) else "a@contoso.com"
    assert run(incoming={"email": inside}, domains=domains).claims == {"email": inside}
    assert run(incoming={"email": outside}, domains=domains).notes == (OUTSIDE,)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("a@b@contoso.com", id="CL-32-two"),
        pytest.param('"a@b"@contoso.com', id="CL-32-quoted"),
        pytest.param("a(x)@contoso.com", id="CL-32-comment"),
        pytest.param("Ann <a@contoso.com>", id="CL-32-display"),
        pytest.param("a@contoso.com\n", id="CL-30-newline"),
        pytest.param("a@contoso.com;b@contoso.com", id="CL-41"),
        pytest.param("a@contoso.com,b@contoso.com", id="CL-41-comma"),
        pytest.param("a@[127.0.0.1]", id="CL-31-literal"),
        pytest.param("a@localhost", id="CL-31-localhost"),
        pytest.param("a@con\u200btoso.com", id="CL-26"),
        pytest.param("a@" + "x" * 64 + ".contoso.com", id="CL-35-label"),
        pytest.param("a" * 65 + "@contoso.com", id="CL-35-local"),
        pytest.param("a@.contoso.com", id="CL-29"),
        pytest.param("ann", id="no-at"),
    ],
)
@pytest.mark.parametrize("emails", ["own", "any"])
def test_what_is_not_one_address_never_leaves(address: str, emails: str) -> None:
    outcome = run(incoming={"email": address}, proven=True, at=idp(emails=emails))
    assert (outcome.claims, outcome.email_verified, outcome.notes) == ({}, None, (NO_ADDRESS,))


def test_emails_any_lets_an_outside_address_leave_never_verified() -> None:
    outcome = run(incoming={"email": "a@gmail.com"}, proven=True, at=idp(emails="any"))
    assert (outcome.claims, outcome.email_verified) == ({"email": "a@gmail.com"}, False)


def test_emails_any_does_not_unprove_an_own_address() -> None:
    assert run(incoming={"email": "a@contoso.com"}, proven=True, at=idp(emails="any")).email_verified is True


@pytest.mark.parametrize("proven", [False, None])
def test_an_unproven_address_is_not_verified(proven: bool | None) -> None:
    """SAML proves no address: that the operator vouches for the domain is not enough."""
    assert run(incoming={"email": "a@contoso.com"}, proven=proven).email_verified is False


def test_verified_is_only_the_address_that_was_proven() -> None:
    rule = Set(1, {"email": '"ceo@contoso.com"'})
    outcome = run(rule, incoming={"email": "a@contoso.com"}, proven=True)
    assert (outcome.claims, outcome.email_verified) == ({"email": "ceo@contoso.com"}, False)


def test_lower_case_by_a_rule_keeps_the_proof() -> None:
    rule = Set(1, {"email": "incoming.email.lowerAscii()"})
    outcome = run(rule, incoming={"email": "Ann@Contoso.com"}, proven=True)
    assert (outcome.claims, outcome.email_verified) == ({"email": "ann@contoso.com"}, True)


def test_case_is_ascii_case_only() -> None:
    """CL-16: the Kelvin sign lowers to k in Unicode."""
    rule = Set(1, {"email": '"k@contoso.com"'})
    assert run(rule, incoming={"email": "\u212a@contoso.com"}, proven=True).email_verified is False


def test_a_rule_cannot_bring_an_outside_address() -> None:
    assert run(Set(1, {"email": '"a@evil.example"'}), incoming={"email": "a@contoso.com"}).claims == {}


def test_a_list_is_no_address() -> None:
    assert run(Set(1, {"email": '["a@contoso.com"]'})).notes == (NO_ADDRESS,)


def test_a_tenant_without_domains_speaks_for_no_address() -> None:
    assert run(incoming={"email": "a@contoso.com"}, domains=()).claims == {}


def test_no_address_no_verdict() -> None:
    assert run(incoming={"name": "Ann"}, proven=True).email_verified is None


def test_the_check_stands_after_the_rules() -> None:
    """A rule still sees the address, and may deny because of it."""
    outcome = run(Deny(1, "No.", 'incoming.email.endsWith("@evil.example")'), incoming={"email": "a@evil.example"})
    assert outcome.reason == "rule_denied"
