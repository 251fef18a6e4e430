"""RFC 8707: whom a token may be for, and what of scope and roles means something there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.errors import InvalidTarget
from broker.model import Api, ApplicationAuth, Client, Configuration
from broker.oauth2 import audiences

ORDERS = Api("https://orders.example.com", "Orders", ("read", "write"), roles=("admin",), tenants=("contoso",))
STOCK = Api("https://stock.example.com", "Stock", ("read", "count"), roles=("admin", "viewer"))
HIDDEN = Api("hidden", "Hidden", ("peep",))
APP = Client(
    "app",
    "App",
    (),
    ApplicationAuth("none"),
    audience="https://own.example.com",
    apis=(ORDERS.audience, STOCK.audience),
)
WORLD = Configuration(1, {}, {"app": APP}, {}, {}, {}, (), {api.audience: api for api in (ORDERS, STOCK, HIDDEN)})


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((), ()),
        ((ORDERS.audience, STOCK.audience, ORDERS.audience), (ORDERS.audience, STOCK.audience)),
        (("https://own.example.com",), ("https://own.example.com",)),
    ],
)
def test_what_a_client_may_ask_for(named: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert audiences.resources(WORLD, APP, named) == expected


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (("https://nowhere.example.com",), "target_unknown"),
        (("https://orders.example.com/",), "target_unknown"),
        (("hidden",), "target_syntax"),
        (("https://orders.example.com#x",), "target_syntax"),
        (("https://[",), "target_syntax"),
        (("https://orders.example.com ",), "target_syntax"),
        ((ORDERS.audience, "https://nowhere.example.com"), "target_unknown"),
        (tuple(f"https://{n}.example.com" for n in range(11)), "target_many"),
    ],
)
def test_what_it_may_not(named: tuple[str, ...], reason: str) -> None:
    with pytest.raises(InvalidTarget) as refused:
        audiences.resources(WORLD, APP, named)
    assert refused.value.reason == reason


def test_an_api_that_the_client_does_not_name() -> None:
    with pytest.raises(InvalidTarget) as refused:
        audiences.audiences(WORLD, APP, ["hidden"])
    assert refused.value.reason == "target_not_allowed"


def test_another_clients_audience_is_unknown_to_this_one() -> None:
    other = replace(APP, audience=None)
    with pytest.raises(InvalidTarget) as refused:
        audiences.resources(WORLD, other, ["https://own.example.com"])
    assert refused.value.reason == "target_unknown"


def test_a_token_request_narrows_and_never_widens() -> None:
    held = (ORDERS.audience, STOCK.audience)
    assert audiences.narrowed(held, ()) == held
    assert audiences.narrowed(held, (STOCK.audience,)) == (STOCK.audience,)
    with pytest.raises(InvalidTarget) as refused:
        audiences.narrowed((STOCK.audience,), held)
    assert refused.value.reason == "target_wider"


def test_scopes_of_other_apis_are_left_out() -> None:
    asked = ("openid", "read", "write", "count", "peep", "anything")
    assert audiences.scopes(WORLD, (ORDERS.audience,), asked) == ("openid", "read", "write", "anything")
    assert audiences.scopes(WORLD, ("https://own.example.com",), asked) == ("openid", "anything")


def test_roles_are_those_that_every_api_knows() -> None:
    held = ("admin", "viewer", "clerk")
    assert audiences.roles(WORLD, (ORDERS.audience, STOCK.audience), held) == ("admin",)
    assert audiences.roles(WORLD, (STOCK.audience,), held) == ("admin", "viewer")
    assert audiences.roles(WORLD, (HIDDEN.audience,), held) == held


def test_an_api_serves_its_tenants() -> None:
    audiences.require_tenant(WORLD, (ORDERS.audience, STOCK.audience), "contoso")
    with pytest.raises(InvalidTarget) as refused:
        audiences.require_tenant(WORLD, (STOCK.audience, ORDERS.audience), "fabrikam")
    assert refused.value.reason == "target_tenant"
