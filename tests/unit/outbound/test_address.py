"""Which addresses may be spoken to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from broker.outbound.address import AddressPolicy

PUBLIC = AddressPolicy(loopback=False, private_networks=())
PRIVATE = AddressPolicy(loopback=False, private_networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
LOOPBACK = AddressPolicy(loopback=True, private_networks=())


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert PUBLIC.allows(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "::127.0.0.1",
     "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "::ffff:169.254.169.254",
     "64:ff9b::10.0.0.1", "64:ff9b:1::808:808", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "239.1.1.1",
     "240.0.0.1", "255.255.255.255", "fe80::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1", "ff0e::1",
     "2001:db8::1", "2001::808:808", "::8.8.8.8", "not-an-address", "", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_no_other_address_is_allowed(address: str) -> None:
    assert not PUBLIC.allows(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00::1", "::ffff:10.1.2.3", "8.8.8.8"])
def test_the_operators_private_networks_are_allowed(address: str) -> None:
    assert PRIVATE.allows(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.1", "fe80::1", "169.254.169.254"])
def test_private_networks_open_nothing_beside_themselves(address: str) -> None:
    assert not PRIVATE.allows(address)


def test_loopback_is_never_a_private_network() -> None:
    assert not AddressPolicy(loopback=False, private_networks=(ip_network("127.0.0.0/8"),)).allows("127.0.0.1")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_loopback_installation_may_speak_to_itself(address: str) -> None:
    assert LOOPBACK.allows(address)
    assert not LOOPBACK.allows("192.168.1.1")
