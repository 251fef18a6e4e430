"""Which domains are served shows in where they lead, so few of them can be tried (contract section 2; TN-08)."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.web.lookups import RATE as LOOKUPS
from tests.attacks.world import CALLBACK, World, query


def look(world: World, ip: str = "198.51.100.7", **asked: Any) -> TestResponse:
    browser = world.browser()
    browser.environ_base["REMOTE_ADDR"] = ip
    return world.authorize(browser, **asked)


def refused(response: TestResponse) -> bool:
    return "error" in query(response.headers.get("Location", ""))


def exhaust(world: World, **options: Any) -> None:
    for number in range(LOOKUPS.amount):
        look(world, login_hint=f"anna@other{number}.example", **options)


@pytest.mark.parametrize(
    "asked",
    [
        {"login_hint": "anna@contoso.com"},
        {"login_hint": "anna@nobody.example"},
        {"domain_hint": "contoso.com"},
        {"domain_hint": "nobody.example"},
        {"login_hint": "anna@contoso.com", "home_realm": "contoso/adfs"},
        {"login_hint": "anna@contoso.com", "tenant": "fabrikam"},
    ],
    ids=str,
)
def test_the_next_domain_is_refused_whoever_serves_it(fresh: World, asked: dict[str, str]) -> None:
    exhaust(fresh)
    fresh.clock.ahead += 10
    tenant = asked.get("tenant")
    response = fresh.assert_refused(
        lambda: look(fresh, **asked), "too_many_lookups", "authorize.rejected", tenant=tenant
    )
    told = query(response.headers["Location"])
    assert response.headers["Location"].startswith(CALLBACK)
    assert (told["error"], told["state"]) == ("temporarily_unavailable", "the app's state")
    assert "Too many requests" in told["error_description"]
    assert 1 <= int(response.headers["Retry-After"]) <= 50


def test_a_domain_asked_before_costs_nothing(fresh: World) -> None:
    """An office behind one address, whose people all type the same domain."""
    people = [look(fresh, login_hint=f"p{number}@contoso.com") for number in range(2 * LOOKUPS.amount)]
    exhaust(fresh)
    assert not any(map(refused, people))
    assert refused(look(fresh, login_hint="p@fabrikam.com"))
    assert not refused(look(fresh, login_hint="p@contoso.com"))


def test_other_networks_other_signals_and_the_next_minute_are_free(fresh: World) -> None:
    exhaust(fresh)
    for asked in (
        {"tenant": "contoso", "idp": "adfs", "login_hint": "a@nobody.example"},
        {"tenant": "contoso"},
        {"login_hint": "not an address"},
        {"login_hint": "a@nobody.example", "ip": "198.51.100.8"},
    ):
        assert not refused(look(fresh, **asked)), asked
    assert refused(look(fresh, login_hint="a@nobody.example"))
    fresh.clock.ahead += LOOKUPS.seconds
    assert not refused(look(fresh, login_hint="a@nobody.example"))


def test_one_customer_of_ipv6_is_one_network(fresh: World) -> None:
    exhaust(fresh, ip="2001:db8::1")
    assert refused(look(fresh, ip="2001:db8::ffff", login_hint="a@contoso.com"))
    assert not refused(look(fresh, ip="2001:db8:0:1::1", login_hint="a@contoso.com"))
