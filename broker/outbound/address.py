"""Which addresses the broker may speak to (contract: Outbound and http)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_Address = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1: the last 32 bits are the IPv4 address that answers
_NEVER_PUBLIC = (
    IPv6Network("::/96"),  # RFC 4291 §2.5.5.1: deprecated IPv4-compatible form
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215: a network's own NAT64
    IPv6Network("2001::/32"),  # Teredo
    IPv6Network("fec0::/10"),  # RFC 3879: deprecated site-local
)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses, the operator's private networks, and loopback only in a loopback installation."""

    loopback: bool
    private_networks: Sequence[IPv4Network | IPv6Network]

    def allows(self, text: str) -> bool:
        """Whether `text`, an address as a resolver gives it, may be connected to."""
        try:
            written = ip_address(text)
        except ValueError:
            return False
        if isinstance(written, IPv6Address) and written.scope_id is not None:
            return False
        address = _answering(written)
        if address.is_loopback:
            return self.loopback
        return any(address in network for network in self.private_networks) or _is_public(address)


def _answering(address: _Address) -> _Address:
    """The address that will really answer: the IPv4 one inside ::ffff:0:0/96, 6to4 and NAT64 forms."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: _Address) -> bool:
    if any(address in network for network in _NEVER_PUBLIC):
        return False
    if address.is_multicast or address.is_reserved or address.is_link_local or address.is_unspecified:
        return False
    return address.is_global
