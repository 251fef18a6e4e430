"""Which domains are served cannot be hidden (contract section 2): so nobody may try many, served or not."""

from __future__ import annotations

from dataclasses import dataclass

from broker import home_realm
from broker.errors import TooManyRequests
from broker.limits import Limits, Rate, network_of
from broker.model import AuthRequest, HomeRealm
from broker.web.asked import Address

RATE = Rate("home realm lookups", amount=30, seconds=60)  # different domains, of one client network


@dataclass(frozen=True, slots=True)
class Lookups:
    limits: Limits

    def count(self, realm: HomeRealm, wanted: AuthRequest, ip: Address) -> None:
        """Raises TooManyRequests: too_many_lookups."""
        for domain in home_realm.domains_told(realm, email=wanted.login_hint, domain_hint=wanted.domain_hint):
            wait = self.limits.wait_for_another(RATE, network_of(ip), domain)
            if wait is not None:
                raise TooManyRequests("too_many_lookups", wait=wait).about(tenant=realm.active_tenant)
