"""The statements about impersonations that wait for a second person, and about whoever is to be impersonated."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, delete, insert, select, update

from broker.store.impersonation_tables import impersonations
from broker.store.tables import sessions

_tenant: BindParameter[str] = bindparam("this_tenant")
_now: BindParameter[int] = bindparam("now")

ASK_IMPERSONATION = insert(impersonations)
_asked = (
    impersonations.c.tenant == _tenant,
    impersonations.c.handle == bindparam("this_handle"),
    impersonations.c.expires_at > _now,
)
IMPERSONATION = select(impersonations).where(*_asked)
APPROVE_IMPERSONATION = (
    update(impersonations)
    .where(*_asked, impersonations.c.approver.is_(None), impersonations.c.operator != bindparam("by"))
    .values(approver=bindparam("by"))
    .returning(impersonations.c.handle)
)
TAKE_IMPERSONATION = (
    delete(impersonations).where(*_asked, impersonations.c.approver.is_not(None)).returning(impersonations)
)

SESSIONS_OF_PERSON = (
    select(sessions.c.tenant, sessions.c.sid, sessions.c.last_seen, sessions.c.sealed)
    .where(sessions.c.tenant == _tenant, sessions.c.sub == bindparam("this_sub"), sessions.c.expires_at > _now)
    .order_by(sessions.c.last_seen.desc(), sessions.c.sid)
)
