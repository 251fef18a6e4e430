"""Where a request really comes from: the peer, or what a trusted proxy says of it. Links never come from headers."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import Request

from broker.model.realm import Network

Address = IPv4Address | IPv6Address

NOWHERE = IPv4Address("0.0.0.0")  # noqa: S104  never bound to: an address that nobody comes from (RFC 1122 §3.2.1.3)


def client_address(request: Request, trusted: Sequence[Network]) -> Address:
    """The right-most X-Forwarded-For hop that no trusted proxy vouches for; the peer itself when it is not one.

    A malformed hop ends the walk: what stands left of it is whatever the client chose to write. Who cannot be placed
    is NOWHERE, and so in no tenant's network: a limit to networks never stops holding.
    """
    address = peer(request)
    hops = [hop.strip() for line in request.headers.getlist("X-Forwarded-For") for hop in line.split(",")]
    while hops and any(address in network for network in trusted):
        address = _parsed(hops.pop())
    return address


def peer(request: Request) -> Address:
    """Who the connection comes from, whatever any header says."""
    return _parsed(request.remote_addr or "")


def _parsed(text: str) -> Address:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return NOWHERE
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
