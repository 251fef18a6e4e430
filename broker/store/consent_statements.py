"""The statements about what people let clients do."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, delete, select, text

from broker.store.tables import consents

_tenant: BindParameter[str] = bindparam("this_tenant")
_sub: BindParameter[str] = bindparam("this_sub")
_client: BindParameter[str] = bindparam("this_client")

KEEP_CONSENT = text(
    "INSERT INTO consents (tenant, sub, client_id, allowed, given_at) "
    "VALUES (:tenant, :sub, :client_id, :allowed, :given_at) "
    "ON CONFLICT (tenant, sub, client_id) DO UPDATE SET allowed = excluded.allowed, given_at = excluded.given_at"
)
_OF_PERSON = (consents.c.tenant == _tenant, consents.c.sub == _sub)
CONSENT = select(consents.c.allowed).where(*_OF_PERSON, consents.c.client_id == _client)
CONSENTS_OF = (
    select(consents.c.client_id, consents.c.allowed, consents.c.given_at)
    .where(*_OF_PERSON)
    .order_by(consents.c.client_id)
)
WITHDRAW_CONSENT = delete(consents).where(*_OF_PERSON, consents.c.client_id == _client).returning(consents.c.client_id)
END_CONSENTS = delete(consents).where(consents.c.tenant == _tenant)
