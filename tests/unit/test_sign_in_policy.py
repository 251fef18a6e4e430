"""Times of day, and two policies that hold at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from broker.model import Hours, SignInPolicy, TokenLifetimes
from broker.policy import sign_in_policy
from tests.unit.grants.house import WEB, tenant

OFFICE = Hours((0, 1, 2, 3, 4), 7 * 60, 19 * 60, "Europe/Berlin")
NIGHT = Hours((4,), 22 * 60, 6 * 60, "UTC")
TEN, TENS = ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-20 06:00", True),  # Friday, 07:00 in Berlin
        ("2026-11-20 05:59", False),
        ("2026-11-20 17:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 12:00", False),  # Saturday
        ("2026-07-17 05:00", True),  # summer time
        ("2026-07-17 17:00", False),
        ("2026-11-22 23:30", False),  # Monday 00:30 in Berlin
    ],
)
def test_hours_are_those_of_the_tenant_s_clock(moment: str, inside: bool) -> None:
    assert OFFICE.include(at(moment)) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-20 22:00", True),
        ("2026-11-21 05:59", True),  # Saturday morning belongs to Friday night
        ("2026-11-21 06:00", False),
        ("2026-11-21 22:00", False),
        ("2026-11-20 05:00", False),  # Friday morning to Thursday night
    ],
)
def test_an_end_before_the_beginning_is_on_the_next_morning(moment: str, inside: bool) -> None:
    assert NIGHT.include(at(moment)) is inside


def test_the_whole_day_has_no_gap() -> None:
    day = Hours((4,), 0, 1440, "UTC")
    assert [day.include(at(f"2026-11-{one}")) for one in ("19 23:59", "20 00:00", "20 23:59", "21 00:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_the_stricter_of_two_wins_in_everything() -> None:
    one = SignInPolicy(
        allowed_networks=(TEN,),
        allowed_clients=("web", "spa"),
        hours=(OFFICE,),
        max_age=900,
        session_idle=60,
        lifetimes=TokenLifetimes(access_token=60),
    )
    other = SignInPolicy(
        require_mfa=True,
        allowed_networks=(TENS, ip_network("192.0.2.0/24"), ip_network("::/0")),
        allowed_clients=("spa", "api"),
        hours=(NIGHT,),
        max_age=1800,
        session_absolute=3600,
        lifetimes=TokenLifetimes(access_token=300, id_token=30),
    )
    for both in (one.stricter(other), other.stricter(one)):
        assert both.require_mfa
        assert both.allowed_networks == (TENS,)
        assert both.allowed_clients == ("spa",)
        assert set(both.hours) == {OFFICE, NIGHT}
        assert (both.max_age, both.session_absolute, both.session_idle) == (900, 3600, 60)
        assert both.lifetimes == TokenLifetimes(access_token=60, id_token=30)


def test_networks_that_do_not_meet_leave_no_place_at_all() -> None:
    """An empty list of a file allows every network; one that two lists leave over allows none."""
    apart = SignInPolicy(allowed_networks=(TEN,)).stricter(SignInPolicy(allowed_networks=(ip_network("192.0.2.0/24"),)))
    assert apart.allowed_networks == ()


def test_towards_a_client_its_own_rules_are_added() -> None:
    policy = SignInPolicy(max_age=900, clients={"web": SignInPolicy(require_mfa=True, max_age=1800)})
    assert (policy.towards("web").require_mfa, policy.towards("web").max_age) == (True, 900)
    assert not policy.towards("spa").require_mfa


def test_a_guest_meets_the_rules_of_both_tenants_but_keeps_to_roles_of_one() -> None:
    """Contract section 5, Guests."""
    here, home = tenant("contoso"), tenant("fabrikam")
    here = replace(here, sign_in=SignInPolicy(allowed_roles=("viewer",), max_age=900))
    strict = SignInPolicy(require_mfa=True)
    home = replace(home, sign_in=SignInPolicy(allowed_roles=("clerk",), clients={"web": strict}))
    both = sign_in_policy(here, home, WEB)
    assert (both.require_mfa, both.max_age, both.allowed_roles) == (True, 900, ("viewer",))
    assert not sign_in_policy(here, here, WEB).require_mfa
