"""One shape of incoming claims for every protocol (contract section 5, Rules)."""

from __future__ import annotations

import pytest

from broker.claims import incoming_of, types_of
from broker.errors import AssertionRejected
from broker.model import ClaimValue, Value
from tests.unit.claims.given import idp

EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


@pytest.mark.parametrize(
    ("attributes", "incoming"),
    [
        ({"department": ("Sales",)}, {"department": "Sales"}),
        ({"department": ("Sales", "Sales")}, {"department": "Sales"}),
        ({"department": ("Sales", "IT")}, {"department": ("Sales", "IT")}),
        ({"department": (7,)}, {"department": "7"}),
        ({"department": (True,)}, {"department": "true"}),
        ({"groups": ("a",)}, {"groups": ("a",)}),
        ({"groups": ("a", "b", "a")}, {"groups": ("a", "b")}),
        ({"groups": ("", " ", "a")}, {"groups": ("a",)}),
        ({"unheard_of": ("a",)}, {"unheard_of": ("a",)}),
        ({"unheard_of": (1, True)}, {"unheard_of": ("1", "true")}),
        ({"urn:oid:2.5.4.97": ("a",)}, {"urn:oid:2.5.4.97": ("a",)}),
        ({"email_verified": (True,)}, {"email_verified": True}),
        ({"email_verified": ("true",)}, {"email_verified": True}),
        ({"email_verified": ("0",)}, {"email_verified": False}),
        ({"email_verified": ("yes",)}, {"email_verified": "yes"}),
        ({"updated_at": (1700000000,)}, {"updated_at": 1700000000}),
        ({"updated_at": ("1700000000",)}, {"updated_at": 1700000000}),
        ({"updated_at": ("1.5",)}, {"updated_at": 1.5}),
        ({"updated_at": ("1e400",)}, {"updated_at": "1e400"}),
        ({"updated_at": (float("inf"),)}, {"updated_at": "inf"}),
        ({"updated_at": (float("nan"),)}, {"updated_at": "nan"}),
        ({"updated_at": (True,)}, {"updated_at": "true"}),
        ({"department": ()}, {}),
        ({"department": ("",)}, {}),
        ({"groups": ("", "")}, {}),
        ({"mail": ("a@contoso.com",)}, {"email": "a@contoso.com"}),
        ({EMAIL: ("a@contoso.com",)}, {"email": "a@contoso.com"}),
        ({"memberOf": ("a",), "http://schemas.xmlsoap.org/claims/Group": ("b",)}, {"groups": ("a", "b")}),
        ({"groups": ("c",), "memberOf": ("a", "c")}, {"groups": ("c", "a")}),
    ],
)
def test_values_get_short_names_and_types(
    attributes: dict[str, tuple[Value, ...]], incoming: dict[str, ClaimValue]
) -> None:
    """CL-09, CL-22, CL-40."""
    assert incoming_of(idp(), attributes) == incoming


def test_types_are_kept_apart_in_python_too() -> None:
    found = incoming_of(idp(), {"updated_at": (1,), "email_verified": (True,)})
    assert (type(found["updated_at"]), type(found["email_verified"])) == (int, bool)


def test_the_short_name_itself_comes_before_the_profiles_names() -> None:
    """OIDC's email_verified speaks of `email`; an address in another claim must not take its place."""
    found = incoming_of(idp(), {"mail": ("other@contoso.com",), "email": ("proven@contoso.com",)})
    assert found == {"email": "proven@contoso.com"}


def test_the_profiles_order_decides_between_its_names() -> None:
    assert incoming_of(idp(), {EMAIL: ("b@x.com",), "mail": ("a@x.com",)}) == {"email": "a@x.com"}


def test_an_empty_value_does_not_hide_another_name() -> None:
    assert incoming_of(idp(), {"mail": ("",), EMAIL: ("b@x.com",)}) == {"email": "b@x.com"}


def test_claim_types_type_a_name_outside_the_profile() -> None:
    provider = idp(claim_types={"cost_centre": "text", "level": "number"})
    assert incoming_of(provider, {"cost_centre": ("12",), "level": ("3",)}) == {"cost_centre": "12", "level": 3}
    assert types_of(provider)["cost_centre"] == "text"
    assert types_of(provider)["groups"] == "list"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a\x00b", id="CL-38"),
        pytest.param("\ud800", id="CL-39"),
        pytest.param("\x1b[31m", id="escape"),
        pytest.param("a\x7f", id="delete"),
    ],
)
def test_control_characters_and_lone_surrogates_are_refused(value: str) -> None:
    attributes: list[dict[str, tuple[Value, ...]]] = [{"groups": ("ok", value)}, {value: ("ok",)}, {"name": (value,)}]
    for sent in attributes:
        with pytest.raises(AssertionRejected) as raised:
            incoming_of(idp(), sent)
        assert raised.value.reason == "claim_value"


def test_the_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(AssertionRejected) as raised:
        incoming_of(idp(), {"groups": ("secret\x00",)})
    assert raised.value.detail == "a control character in 'groups'"


@pytest.mark.parametrize("group", ["x,broker-admin", "a;b", "admin\n", '["admin"]', "CN=a\\,b,DC=x", "a b"])
def test_a_value_is_never_split(group: str) -> None:
    """CL-14."""
    assert incoming_of(idp(), {"groups": (group,)}) == {"groups": (group,)}


@pytest.mark.parametrize(
    "attributes",
    [
        {"_claim_names.groups": ("src1",), "_claim_sources.src1.endpoint": ("https://evil.example/",)},
        {"_claim_names.memberOf": ("src1",)},
        {"hasgroups": (True,)},
        {"hasgroups": ("true",)},
        {"http://schemas.microsoft.com/claims/groups.link": ("https://graph.windows.net/x",)},
        {"_claim_names": ("groups",)},
    ],
)
def test_a_pointer_in_place_of_groups_is_known_as_incomplete(attributes: dict[str, tuple[Value, ...]]) -> None:
    """CL-23: nothing is fetched, and the pointer is no claim that a rule could read."""
    assert incoming_of(idp(), attributes) == {"_claim_names": ("groups",)}


def test_hasgroups_false_is_no_overage() -> None:
    assert incoming_of(idp(), {"hasgroups": (False,)}) == {}


def test_fifty_thousand_values_are_one_list() -> None:
    """CL-21."""
    found = incoming_of(idp(), {"groups": tuple(f"g{n % 40_000}" for n in range(50_000))})
    groups = found["groups"]
    assert isinstance(groups, tuple)
    assert len(groups) == 40_000
