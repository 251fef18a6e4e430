"""When and how the people of a tenant may sign in. Two policies that apply at once meet in one: the stricter wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar
from zoneinfo import ZoneInfo

Network = IPv4Network | IPv6Network
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of day on the clock of `timezone`. days: 0 is Monday. begin, end: minutes after midnight; an end that is
    before the beginning is on the next morning, and belongs to the day before."""

    days: tuple[int, ...]
    begin: int
    end: int
    timezone: str

    def include(self, now: float) -> bool:
        """now: epoch seconds."""
        local = datetime.fromtimestamp(now, ZoneInfo(self.timezone))
        today, yesterday = local.weekday() in self.days, (local.weekday() - 1) % 7 in self.days
        minute = local.hour * 60 + local.minute
        if self.begin < self.end:
            return today and self.begin <= minute < self.end
        return (today and minute >= self.begin) or (yesterday and minute < self.end)


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """Seconds; None: the deployment's. Nothing here makes a token live longer than that."""

    access_token: int | None = None
    id_token: int | None = None
    refresh_token: int | None = None

    def shorter(self, other: TokenLifetimes) -> TokenLifetimes:
        return TokenLifetimes(
            shortest(self.access_token, other.access_token),
            shortest(self.id_token, other.id_token),
            shortest(self.refresh_token, other.refresh_token),
        )


DEPLOYMENT_S = TokenLifetimes()


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """`sign_in` of a tenant. None allows everything; an empty tuple nothing.

    hours: every one of them must include the moment. max_age: seconds since the person authenticated, at each sign-in
    of a client. session_*: seconds; None: the deployment's. clients: what is stricter for one of them.
    """

    require_mfa: bool = False
    allowed_networks: tuple[Network, ...] | None = None
    allowed_clients: tuple[str, ...] | None = None
    allowed_roles: tuple[str, ...] | None = None
    hours: tuple[Hours, ...] = ()
    max_age: int | None = None
    session_absolute: int | None = None
    session_idle: int | None = None
    lifetimes: TokenLifetimes = DEPLOYMENT_S
    clients: Mapping[str, SignInPolicy] = field(default_factory=dict)
    workloads: bool = True  # applications may prove themselves by the token of a platform

    def towards(self, client_id: str) -> SignInPolicy:
        """What holds for one client."""
        own = self.clients.get(client_id)
        return self if own is None else self.stricter(own)

    def stricter(self, other: SignInPolicy) -> SignInPolicy:
        """Both at once; what either says of single clients is left to `towards`."""
        return SignInPolicy(
            require_mfa=self.require_mfa or other.require_mfa,
            allowed_networks=_networks_of_both(self.allowed_networks, other.allowed_networks),
            allowed_clients=_of_both(self.allowed_clients, other.allowed_clients),
            allowed_roles=_of_both(self.allowed_roles, other.allowed_roles),
            hours=(*self.hours, *other.hours),
            max_age=shortest(self.max_age, other.max_age),
            session_absolute=shortest(self.session_absolute, other.session_absolute),
            session_idle=shortest(self.session_idle, other.session_idle),
            lifetimes=self.lifetimes.shorter(other.lifetimes),
            workloads=self.workloads and other.workloads,
        )

    def of_any_role(self) -> SignInPolicy:
        """Without its list of roles: a tenant's roles are words of its own."""
        return replace(self, allowed_roles=None)


NO_POLICY = SignInPolicy()


def shortest(one: int | None, other: int | None) -> int | None:
    """None: no limit."""
    return min((limit for limit in (one, other) if limit is not None), default=None)


def too_old(max_age: int | None, auth_time: int | None, now: float) -> bool:
    """OIDC Core §3.1.2.1: an instant that nobody told is too old for any limit. max_age: seconds."""
    return max_age is not None and (auth_time is None or now - auth_time > max_age)


def at_most(deployment_s: int, tenant_s: int | None) -> int:
    """Seconds: a tenant may shorten, never lengthen."""
    return deployment_s if tenant_s is None else min(deployment_s, tenant_s)


def _of_both(one: tuple[T, ...] | None, other: tuple[T, ...] | None) -> tuple[T, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(item for item in one if item in other)


def _networks_of_both(one: tuple[Network, ...] | None, other: tuple[Network, ...] | None) -> tuple[Network, ...] | None:
    """Two networks are nested or apart: of two nested ones the smaller is in both."""
    if one is None or other is None:
        return other if one is None else one
    inside = [network for network in one if any(within(network, outer) for outer in other)]
    return (*inside, *(network for network in other if any(within(network, outer) for outer in one)))


def within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
