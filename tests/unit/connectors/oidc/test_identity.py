"""Claims and userinfo become one flat set of attributes."""

from __future__ import annotations

import pytest

from broker.connectors.oidc.identity import fill_up, flatten


@pytest.mark.parametrize(
    ("claims", "userinfo", "expected"),
    [
        ({"email": "a@x"}, {"email": "b@x", "email_verified": True}, {"email": "a@x"}),
        ({"email": "a@x"}, {"email": "a@x", "email_verified": True}, {"email": "a@x", "email_verified": True}),
        ({"email": "a@x"}, {"email_verified": True}, {"email": "a@x"}),
        ({"email_verified": True}, {"email": "b@x"}, {"email": "b@x"}),
        (
            {"email_verified": True},
            {"email": "b@x", "email_verified": False},
            {"email": "b@x", "email_verified": False},
        ),
        ({"email_verified": True, "email": "a@x"}, {"email": "b@x"}, {"email": "a@x", "email_verified": True}),
        ({}, {"email": "b@x", "email_verified": True}, {"email": "b@x", "email_verified": True}),
    ],
)
def test_a_verified_address_is_the_one_that_was_verified(
    claims: dict[str, object], userinfo: dict[str, object], expected: dict[str, object]
) -> None:
    assert fill_up(claims, userinfo) == expected


def test_nested_claims_are_named_with_dots() -> None:
    claims = {
        "iss": "x",
        "realm_access": {"roles": ["a", "b"]},
        "resource_access": {"app": {"roles": ["c"]}},
        "https://acme.example/dept": "Sales",
        "level": 3,
        "staff": False,
        "groups": [],
        "none": None,
        "empty": "",
        "mixed": ["a", None, {"b": 1}, "", ["c"]],
        "a": {"b": "nested"},
        "a.b": "literal",
    }
    assert flatten(claims) == {
        "realm_access.roles": ("a", "b"),
        "resource_access.app.roles": ("c",),
        "https://acme.example/dept": ("Sales",),
        "level": (3,),
        "staff": (False,),
        "mixed": ("a",),
        "a.b": ("literal",),
    }


def test_depth_and_number_of_names_are_bounded() -> None:
    deep: object = "x"
    for _ in range(500):
        deep = {"a": deep}
    assert flatten({"deep": deep}) == {}
    assert len(flatten({str(number): "x" for number in range(5000)})) == 1000
