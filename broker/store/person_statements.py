"""The statements about one person: whose they are, and what they have given to applications."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from broker.store.tables import grants, persons

HOME_OF = select(persons.c.tenant).where(persons.c.sub == bindparam("this_sub"))
_of_person = (
    grants.c.tenant == bindparam("this_tenant"),
    grants.c.sub == bindparam("this_sub"),
    grants.c.revoked_at.is_(None),
)

GRANTS_OF = (
    select(grants).where(*_of_person, grants.c.expires_at > bindparam("now")).order_by(grants.c.created_at, grants.c.id)
)
REVOKE_GRANTS_TO = (
    update(grants)
    .where(*_of_person, grants.c.client_id == bindparam("this_client"))
    .values(revoked_at=bindparam("at"))
    .returning(grants.c.sid)
)
