"""Every name that was sent is explained: by a row of the profile, as a short name, or as one that has no row."""

from __future__ import annotations

from broker import claims
from broker.claims import Source
from broker.configuration import profile, vendors

from .given import idp

ADDRESS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
ROW = f"test: claim_names: {ADDRESS}: email"


def test_the_row_that_gave_a_name_is_named() -> None:
    (source,) = claims.explain(idp(), {ADDRESS: ("a@contoso.com",)})
    assert source == Source(ADDRESS, "email", ROW, "text", "test: types")


def test_a_second_name_for_one_value_is_not_used() -> None:
    sent = {ADDRESS: ("a@contoso.com",), "mail": ("b@contoso.com",), "memberOf": ("A",), "groups": ("B",)}
    used = {source.sent: source.used for source in claims.explain(idp(), sent)}
    assert used == {"groups": True, "mail": True, ADDRESS: False, "memberOf": True}
    assert claims.incoming_of(idp(), sent)["email"] == "b@contoso.com"


def test_an_empty_value_gives_nothing_and_takes_nothing() -> None:
    sent = {"mail": (" ",), ADDRESS: ("a@contoso.com",)}
    used = {source.sent: source.used for source in claims.explain(idp(), sent)}
    assert used == {"mail": False, ADDRESS: True}


def test_a_name_without_a_row_keeps_its_name_and_is_a_list_unless_it_is_typed() -> None:
    sent = {"badge": ("7",), "floor": ("3",), "name": ("Anna",)}
    found = {source.sent: source for source in claims.explain(idp(claim_types={"floor": "number"}), sent)}
    assert (found["badge"].row, found["badge"].type) == ("no row: it keeps its name", "list")
    assert (found["floor"].type, found["floor"].typed) == ("number", "claim_types of the identity provider")
    assert found["name"].row == "it is a short name"


def test_a_pointer_to_a_list_that_was_left_out_is_no_claim() -> None:
    """T16: more groups than Entra sends."""
    (source,) = claims.explain(idp(), {"_claim_names.groups": ("src1",)})
    assert source.name is None
    assert "left out" in source.row


def test_what_is_explained_is_what_the_rules_read() -> None:
    for vendor in vendors():
        known = idp(profile=profile(vendor))
        sent = dict.fromkeys(known.profile.claim_names, ("x",))
        told = {source.name for source in claims.explain(known, sent) if source.used}
        assert told == set(claims.incoming_of(known, sent))


def test_keycloak_s_nested_roles_are_roles() -> None:
    """T23"""
    known = idp(profile=profile("keycloak"))
    assert claims.incoming_of(known, {"realm_access.roles": ("admin", "user")})["roles"] == ("admin", "user")
