"""A request to /authorize or /switch that is proven as far as it can be before anybody signs in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from broker.model import AuthRequest, Client, Configuration, HomeRealm
from broker.oauth2.parameters import Parameters

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Asked:
    """One proven request, its home realm, and the browser it came from."""

    configuration: Configuration
    client: Client
    request: AuthRequest
    realm: HomeRealm
    carried: Parameters  # what brings it back here from one of our pages
    ip: Address
