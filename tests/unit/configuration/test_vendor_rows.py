"""The rows of the vendor profiles agree with each other, and with what the vendors are known to do."""

from __future__ import annotations

import pytest

from broker.configuration import profile, vendors

# RFC 8176 §2
METHODS = {"face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pwd", "rba", "retina", "sc", "sms"}
METHODS |= {"swk", "tel", "user", "vbm", "wia"}
PROTOCOLS = {"saml", "oidc", "oauth2", "wsfed"}
MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.mark.parametrize("vendor", vendors())
def test_what_an_administrator_is_asked_for_arrives_under_the_short_name(vendor: str) -> None:
    found = profile(vendor)
    for protocol, rows in found.ask.items():
        assert protocol in PROTOCOLS
        for short, row in rows.items():
            assert found.claim_names.get(row.name, row.name) == short, (vendor, protocol, row)
            assert row.source


@pytest.mark.parametrize("vendor", vendors())
def test_nobody_is_asked_for_what_the_vendor_never_sends(vendor: str) -> None:
    found = profile(vendor)
    for protocol, rows in found.never.items():
        assert protocol in PROTOCOLS
        assert set(rows).isdisjoint(found.ask.get(protocol, {})), (vendor, protocol)
        assert set(rows) <= set(found.types), (vendor, protocol)


@pytest.mark.parametrize("vendor", vendors())
def test_evidence_of_a_sign_in_is_told_in_registered_words(vendor: str) -> None:
    """RFC 8176 §2"""
    assert {word for words in profile(vendor).methods.values() for word in words} <= METHODS


@pytest.mark.parametrize("vendor", vendors())
def test_no_class_that_a_password_alone_reaches_counts_as_several_factors(vendor: str) -> None:
    methods = profile(vendor).methods
    assert "mfa" not in methods.get(PASSWORD, ())


@pytest.mark.parametrize("vendor", ["adfs", "entra", "ping", "generic"])
def test_microsoft_s_word_for_several_factors_counts(vendor: str) -> None:
    assert profile(vendor).methods[MULTIPLE] == ("mfa",)


def test_who_sends_an_address_as_name_unless_told_otherwise_is_accepted_with_it() -> None:
    """A stock Okta, Google Workspace, PingOne or Keycloak signs people in after ten minutes; AD FS and Shibboleth can
    do better, and Entra always sends its object id."""
    accepting = {vendor for vendor in vendors() if profile(vendor).accept_mutable}
    assert accepting == {"generic", "okta", "google", "ping", "keycloak"}


@pytest.mark.parametrize("vendor", vendors())
def test_no_profile_keys_people_by_an_attribute_that_changes(vendor: str) -> None:
    """T15: address, user principal name and user name are never candidates."""
    found = profile(vendor)
    named = {part for candidate in found.subject for part in candidate.split("+")}
    changing = {"email", "upn", "preferred_username", "windows_account_name", "name"}
    assert {found.claim_names.get(name, name) for name in named}.isdisjoint(changing)


def test_ad_fs_gets_three_minutes_for_its_clock() -> None:
    """T2: AD FS dates an assertion with its own clock and no allowance."""
    assert profile("adfs").skew_seconds == 180
    assert profile("entra").skew_seconds == 300
