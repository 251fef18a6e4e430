"""A request to /authorize or /switch that is proven as far as it can be before anybody signs in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from broker import home_realm
from broker.errors import InvalidRequest
from broker.home_realm import ActiveTenant
from broker.model import AuthRequest, Client, Configuration, HomeRealm
from broker.oauth2.parameters import Parameters
from broker.oauth2.request import ParsedRequest

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


def named_tenant(configuration: Configuration, parsed: ParsedRequest) -> ActiveTenant:
    """Of everything in the request that names one. Raises InvalidRequest: tenant_unknown, tenant_conflict."""
    active = home_realm.active_tenant(
        configuration,
        tenant=parsed.tenant_parameter,
        acr_tenant=parsed.tenant_acr,
        redirect_label=parsed.redirect_label,
    )
    if active.reason is not None:
        raise InvalidRequest(active.reason, home_realm.PUBLIC[active.reason])
    return active
