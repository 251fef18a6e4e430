"""Rules that ask for several factors fail closed where the evidence is missing."""

from __future__ import annotations

from broker.claims import incoming_of
from broker.configuration import profile
from broker.model import Deny

from .given import idp, run

MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
NO_SECOND_FACTOR = Deny(1, "Sign in with two factors.", '!("mfa" in incoming.amr)')


def test_an_id_token_without_amr_does_not_pass_for_several_factors() -> None:
    """T17: Entra's v2.0 endpoint sends no amr; `config check` says so, and the rule denies."""
    outcome = run(NO_SECOND_FACTOR, incoming={"oid": "o"}, at=idp(profile=profile("entra")))
    assert (outcome.allowed, outcome.reason) == (False, "rule_error")


def test_the_advice_names_what_to_read_instead() -> None:
    """T17"""
    assert "acrs" in profile("entra").never["oidc"]["amr"]


def test_evidence_that_is_there_passes() -> None:
    assert run(NO_SECOND_FACTOR, incoming={"amr": ("pwd", "mfa")}, at=idp(profile=profile("entra"))).allowed


def test_a_vendor_s_own_name_for_several_factors_passes_too() -> None:
    """AD FS names it by a URI, and only where a rule of theirs passes it on."""
    known = idp(profile=profile("adfs"), protocol="saml")
    sent = {"http://schemas.microsoft.com/claims/authnmethodsreferences": (MULTIPLE,)}
    incoming = incoming_of(known, sent)
    assert incoming["amr"] == (MULTIPLE, "mfa")
    assert run(NO_SECOND_FACTOR, incoming=incoming, at=known).allowed
