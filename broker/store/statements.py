"""Every statement the store sends, built once: SQLAlchemy compiles each once per dialect.

`now`, `at`: epoch seconds. Where SQL text stands, both databases read it alike and the expression language does not.
"""

from __future__ import annotations

from sqlalchemy import (
    BindParameter,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    union_all,
    update,
)

from broker.store.impersonation_tables import impersonations
from broker.store.tables import (
    audit_events,
    device_codes,
    documents,
    grants,
    group_lists,
    guesses,
    keys,
    one_time,
    person_aliases,
    person_attributes,
    persons,
    refresh_tokens,
    revisions,
    seen,
    session_clients,
    sessions,
    upstream_tokens,
)

CLOCKS_APART = 60  # seconds between the clocks of two nodes: what is used once stays so by the slower one
_tenant: BindParameter[str] = bindparam("this_tenant")
_now: BindParameter[int] = bindparam("now")
_at: BindParameter[int] = bindparam("at")

# one-time values
PUT = insert(one_time)
_TAKE = delete(one_time).where(
    one_time.c.kind == bindparam("kind"), one_time.c.handle == bindparam("handle"), one_time.c.expires_at > _now
)
TAKE = _TAKE.where(one_time.c.tenant == _tenant).returning(one_time.c.payload)
TAKE_OF_ANY = _TAKE.returning(one_time.c.tenant, one_time.c.payload)
PEEK = select(one_time.c.payload).where(
    one_time.c.kind == bindparam("kind"),
    one_time.c.handle == bindparam("handle"),
    one_time.c.tenant == _tenant,
    one_time.c.expires_at > _now,
)
PEEK_OF_ANY = select(one_time.c.tenant, one_time.c.payload).where(
    one_time.c.kind == bindparam("kind"), one_time.c.handle == bindparam("handle"), one_time.c.expires_at > _now
)
REMEMBER = text(
    "INSERT INTO seen (tenant, key, expires_at) VALUES (:tenant, :key, :expires_at) "
    "ON CONFLICT DO NOTHING RETURNING key"
)
REMEMBERED = select(seen.c.key).where(
    seen.c.tenant == _tenant, seen.c.key == bindparam("this_key"), seen.c.expires_at > _now
)

# persons
SUB_OF = union_all(
    select(persons.c.sub).where(persons.c.tenant == _tenant, persons.c.key == bindparam("key")),
    select(person_aliases.c.sub).where(person_aliases.c.tenant == _tenant, person_aliases.c.key == bindparam("key")),
)
MAKE_PERSON = text(
    "INSERT INTO persons (tenant, key, idp, who, sub, made_at) VALUES (:tenant, :key, :idp, :who, :sub, :made_at) "
    "ON CONFLICT (tenant, key) DO NOTHING RETURNING sub"
)
# Only a person of this tenant gets a further name, and only one that nobody bears.
ALIAS_PERSON = text(
    "INSERT INTO person_aliases (tenant, key, idp, who, sub, made_at) "
    "SELECT tenant, CAST(:key AS TEXT), CAST(:idp AS TEXT), CAST(:who AS TEXT), sub, CAST(:made_at AS BIGINT) "
    "FROM persons WHERE tenant = :tenant AND sub = :sub "
    "AND NOT EXISTS (SELECT 1 FROM persons WHERE tenant = :tenant AND key = :key) "
    "ON CONFLICT (tenant, key) DO NOTHING RETURNING sub"
)
# A name that counts only while it is young: taken from whoever it has lapsed for, made young again by its bearer.
PROVE_NAME = text(
    "INSERT INTO person_aliases (tenant, key, idp, who, sub, made_at) "
    "SELECT tenant, CAST(:key AS TEXT), CAST(:idp AS TEXT), CAST(:who AS TEXT), sub, CAST(:made_at AS BIGINT) "
    "FROM persons WHERE tenant = :tenant AND sub = :sub "
    "ON CONFLICT (tenant, key) DO UPDATE SET sub = excluded.sub, made_at = excluded.made_at "
    "WHERE person_aliases.sub = excluded.sub OR person_aliases.made_at <= :lapsed RETURNING sub"
)
PROVEN_SUB = select(person_aliases.c.sub).where(
    person_aliases.c.tenant == _tenant,
    person_aliases.c.key == bindparam("key"),
    person_aliases.c.made_at > bindparam("lapsed"),
)
PEOPLE_OF = union_all(
    *(
        select(named.c.key, named.c.who, named.c.sub).where(named.c.tenant == _tenant, named.c.idp == bindparam("idp"))
        for named in (persons, person_aliases)
    )
)
# A person of this tenant only.
KEEP_ATTRIBUTES = text(
    "INSERT INTO person_attributes (tenant, sub, sealed, changed_at) "
    "SELECT tenant, sub, CAST(:sealed AS TEXT), CAST(:changed_at AS BIGINT) "
    "FROM persons WHERE tenant = :tenant AND sub = :sub "
    "ON CONFLICT (tenant, sub) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at RETURNING sub"
)
ATTRIBUTES = select(person_attributes.c.sealed).where(
    person_attributes.c.tenant == _tenant, person_attributes.c.sub == bindparam("sub")
)

# sessions
END_SESSIONS_OF = delete(sessions).where(sessions.c.tenant == _tenant, sessions.c.sub == bindparam("this_sub"))

OPEN_SESSION = text(
    "INSERT INTO sessions "
    "(tenant, sid, browser, idp, sub, last_seen, expires_at, sealed, upstream_sid, upstream_sub) "
    "VALUES (:tenant, :sid, :browser, :idp, :sub, :last_seen, :expires_at, :sealed, :upstream_sid, :upstream_sub) "
    "ON CONFLICT (tenant, sid) DO UPDATE SET browser = excluded.browser, idp = excluded.idp, sub = excluded.sub, "
    "last_seen = excluded.last_seen, expires_at = excluded.expires_at, sealed = excluded.sealed, "
    "upstream_sid = excluded.upstream_sid, upstream_sub = excluded.upstream_sub"
)
_SESSION = select(sessions.c.tenant, sessions.c.sid, sessions.c.last_seen, sessions.c.sealed).where(
    sessions.c.expires_at > _now
)
SESSION = _SESSION.where(sessions.c.tenant == _tenant, sessions.c.sid == bindparam("this_sid"))
SESSIONS_OF = _SESSION.where(
    sessions.c.tenant == _tenant, sessions.c.idp == bindparam("idp"), sessions.c.sub == bindparam("sub")
).order_by(sessions.c.sid)
SESSIONS_AT = _SESSION.where(sessions.c.tenant == _tenant, sessions.c.idp == bindparam("idp")).order_by(sessions.c.sid)
SESSIONS_OF_UPSTREAM_SID, SESSIONS_OF_UPSTREAM_SUB = (
    _SESSION.where(named == bindparam("named")).order_by(sessions.c.tenant, sessions.c.sid)  # the key holds the tenant
    for named in (sessions.c.upstream_sid, sessions.c.upstream_sub)
)
BROWSER_SESSIONS = _SESSION.where(sessions.c.browser == bindparam("this_browser")).order_by(
    sessions.c.last_seen.desc(), sessions.c.tenant, sessions.c.sid
)
TOUCH_SESSION = (
    update(sessions)
    .where(sessions.c.tenant == _tenant, sessions.c.sid == bindparam("this_sid"), sessions.c.last_seen < _at)
    .values(last_seen=_at)
)
END_SESSION = delete(sessions).where(sessions.c.tenant == _tenant, sessions.c.sid == bindparam("this_sid"))
MOVE_BROWSER = update(sessions).where(sessions.c.browser == bindparam("old")).values(browser=bindparam("new"))
NOTE_CLIENT = text(
    "INSERT INTO session_clients (tenant, sid, client_id) "
    "SELECT tenant, sid, CAST(:client_id AS TEXT) FROM sessions WHERE tenant = :tenant AND sid = :sid "
    "ON CONFLICT DO NOTHING"
)
CLIENTS_OF = (
    select(session_clients.c.client_id)
    .where(session_clients.c.tenant == _tenant, session_clients.c.sid == bindparam("this_sid"))
    .order_by(session_clients.c.client_id)
)

# grants and refresh tokens
OPEN_GRANT = insert(grants)
GRANT = select(grants).where(
    grants.c.tenant == _tenant, grants.c.id == bindparam("this_grant"), grants.c.expires_at > _now
)
GRANT_OF_CODE = select(grants.c.tenant, grants.c.id).where(grants.c.code == bindparam("this_code"))
_REVOKE = update(grants).where(grants.c.tenant == _tenant, grants.c.revoked_at.is_(None)).values(revoked_at=_at)
REVOKE_GRANT = _REVOKE.where(grants.c.id == bindparam("this_grant"))
REVOKE_GRANTS = _REVOKE
REVOKE_SESSION_GRANTS = _REVOKE.where(grants.c.sid == bindparam("this_sid"), grants.c.offline.is_(False))
ADD_REFRESH = insert(refresh_tokens)
_refresh_state = (refresh_tokens.c.grant_id, refresh_tokens.c.expires_at, refresh_tokens.c.uses)
# An expired token does not become a used one by being tried again: only a redeemed one counts as reuse.
USE_REFRESH = (
    update(refresh_tokens)
    .where(refresh_tokens.c.handle == bindparam("this_handle"), refresh_tokens.c.tenant == _tenant)
    .values(uses=refresh_tokens.c.uses + case((refresh_tokens.c.expires_at > _at, 1), else_=0))
    .returning(*_refresh_state)
)
PEEK_REFRESH = select(*_refresh_state).where(
    refresh_tokens.c.handle == bindparam("this_handle"), refresh_tokens.c.tenant == _tenant
)
OWNER_OF_REFRESH = select(refresh_tokens.c.tenant).where(refresh_tokens.c.handle == bindparam("this_handle"))

REVOKE_GRANTS_OF = _REVOKE.where(grants.c.sub == bindparam("this_sub"))
REVOKE_EVERY_GRANT = _REVOKE.where(grants.c.sid == bindparam("this_sid"))

# what an upstream left us with
KEEP_UPSTREAM = text(
    "INSERT INTO upstream_tokens (tenant, sid, sealed, checked_at, busy_until, expires_at) "
    "VALUES (:tenant, :sid, :sealed, :checked_at, 0, :expires_at) "
    "ON CONFLICT (tenant, sid) DO UPDATE SET sealed = excluded.sealed, checked_at = excluded.checked_at, "
    "busy_until = 0, expires_at = excluded.expires_at"
)
_upstream = (upstream_tokens.c.tenant == _tenant, upstream_tokens.c.sid == bindparam("this_sid"))
UPSTREAM = select(upstream_tokens).where(*_upstream, upstream_tokens.c.expires_at > _now)
CLAIM_UPSTREAM = (
    update(upstream_tokens)
    .where(*_upstream, upstream_tokens.c.checked_at <= bindparam("stale"), upstream_tokens.c.busy_until <= _now)
    .values(busy_until=bindparam("until"))
    .returning(upstream_tokens)
)
ROTATED_UPSTREAM = update(upstream_tokens).where(*_upstream).values(sealed=bindparam("to_sealed"))
CHECKED_UPSTREAM = update(upstream_tokens).where(*_upstream).values(checked_at=_at, busy_until=0)
FORGET_UPSTREAM = delete(upstream_tokens).where(
    *_upstream,
    ~exists().where(
        grants.c.tenant == _tenant,
        grants.c.sid == bindparam("this_sid"),
        grants.c.offline.is_(True),
        grants.c.revoked_at.is_(None),
    ),
)
KEEP_GROUPS = text(
    "INSERT INTO group_lists (tenant, idp, sub, sealed, expires_at) VALUES (:tenant, :idp, :sub, :sealed, :expires_at) "
    "ON CONFLICT (tenant, idp, sub) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at"
)
GROUPS = select(group_lists.c.sealed).where(
    group_lists.c.tenant == _tenant,
    group_lists.c.idp == bindparam("idp"),
    group_lists.c.sub == bindparam("sub"),
    group_lists.c.expires_at > _now,
)

# documents
LOAD_DOCUMENT = select(documents.c.body, documents.c.fetched_at).where(
    documents.c.tenant == _tenant, documents.c.idp == bindparam("idp"), documents.c.kind == bindparam("kind")
)
SAVE_DOCUMENT = text(
    "INSERT INTO documents (tenant, idp, kind, body, fetched_at) VALUES (:tenant, :idp, :kind, :body, :fetched_at) "
    "ON CONFLICT (tenant, idp, kind) DO UPDATE SET body = excluded.body, fetched_at = excluded.fetched_at "
    "WHERE documents.fetched_at <= excluded.fetched_at"
)

# keys
KEYS = (
    select(keys)
    .where(keys.c.purpose == bindparam("this_purpose"), or_(keys.c.expires_at.is_(None), keys.c.expires_at > _now))
    .order_by(keys.c.created_at, keys.c.kid)
)
ADD_KEY = insert(keys)
CHANGE_KEY = (
    update(keys)
    .where(keys.c.kid == bindparam("this_kid"))
    .values(
        state=bindparam("to_state"),
        activated_at=func.coalesce(bindparam("activated"), keys.c.activated_at),
        retired_at=func.coalesce(bindparam("retired"), keys.c.retired_at),
        expires_at=func.coalesce(bindparam("expires"), keys.c.expires_at),
    )
)

# revisions
LIVE_NUMBER = select(func.coalesce(func.max(revisions.c.number), 0))
LIVE_REVISION = select(revisions).order_by(revisions.c.number.desc()).limit(1)
REVISIONS = select(revisions).order_by(revisions.c.number)
ADD_REVISION = insert(revisions)

# audit
RECORD = insert(audit_events)
_EVENTS = select(audit_events).order_by(audit_events.c.number.desc()).limit(bindparam("at_most"))
_reference = audit_events.c.reference == bindparam("this_reference")
EVENTS = _EVENTS
EVENTS_OF_REFERENCE = _EVENTS.where(_reference)
TENANT_EVENTS = _EVENTS.where(audit_events.c.tenant == _tenant)
TENANT_EVENTS_OF_REFERENCE = TENANT_EVENTS.where(_reference)

# a tenant's end
END_SESSIONS = delete(sessions).where(sessions.c.tenant == _tenant)
END_ONE_TIME = delete(one_time).where(one_time.c.tenant == _tenant)
END_UPSTREAM_TOKENS = delete(upstream_tokens).where(upstream_tokens.c.tenant == _tenant)

# housekeeping
LOCK = text("SELECT pg_advisory_xact_lock(:key)")
PING = text("SELECT 1")
EXPIRE_ONE_TIME = (
    delete(one_time)
    .where(one_time.c.expires_at <= _now)
    .returning(one_time.c.kind, one_time.c.tenant, one_time.c.handle, one_time.c.payload)
)
EXPIRE = (
    delete(seen).where(seen.c.expires_at <= _now - CLOCKS_APART),
    delete(sessions).where(sessions.c.expires_at <= _now),
    delete(grants).where(grants.c.expires_at <= _now),
    delete(refresh_tokens).where(refresh_tokens.c.expires_at <= _now),
    delete(upstream_tokens).where(upstream_tokens.c.expires_at <= _now),
    delete(group_lists).where(group_lists.c.expires_at <= _now),
    delete(device_codes).where(device_codes.c.expires_at <= _now),
    delete(guesses).where(guesses.c.expires_at <= _now),
    delete(impersonations).where(impersonations.c.expires_at <= _now),
    update(keys).where(keys.c.expires_at <= _now, keys.c.private != "").values(private=""),
)
