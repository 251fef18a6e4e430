"""The statements about guests' entries: who came in by which."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, delete, select, text

from broker.store.tables import guest_bindings

_tenant: BindParameter[str] = bindparam("this_tenant")

BIND_GUEST = text(
    "INSERT INTO guest_bindings (tenant, entry, sub, bound_at) VALUES (:tenant, :entry, :sub, :bound_at) "
    "ON CONFLICT (tenant, entry) DO UPDATE SET sub = guest_bindings.sub RETURNING sub"
)
GUEST_HOLDER = select(guest_bindings.c.sub).where(
    guest_bindings.c.tenant == _tenant, guest_bindings.c.entry == bindparam("this_entry")
)
BOUND_GUESTS = select(guest_bindings.c.entry).where(guest_bindings.c.tenant == _tenant)
RELEASE_GUEST = (
    delete(guest_bindings)
    .where(guest_bindings.c.tenant == _tenant, guest_bindings.c.entry == bindparam("this_entry"))
    .returning(guest_bindings.c.sub)
)
