"""Who is invited where, read from a revision's files alone: what was live once needs no second judgement."""

from __future__ import annotations

from collections.abc import Mapping

from broker.configuration import build
from broker.configuration.bundle import Bundle
from broker.configuration.document import read
from broker.configuration.shapes import TenantShape, read_shape
from broker.model import Guest

Guests = Mapping[str, frozenset[Guest]]


def standing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Guests:
    """By tenant, where there were or are guests: the entries that stood before and stand now."""
    then, now = _guests(before), _guests(after)
    nobody = frozenset[Guest]()
    return {tenant: then.get(tenant, nobody) & now.get(tenant, nobody) for tenant in sorted({*then, *now})}


def _guests(files: Mapping[str, bytes]) -> Guests:
    written = ((name, data) for name, data in Bundle(files).below("tenants") if b"guests" in data)
    shapes = (read_shape(TenantShape, read(data, name)).shape for name, data in written)
    return {shape.id: frozenset(map(build.guest, shape.guests)) for shape in shapes if shape is not None}
