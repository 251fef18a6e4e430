"""What a tenant's IdPs left us with: their names for people and sessions, refresh tokens, the last whole group list.

And what an operator wrote beside it, where an IdP says too little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from broker.model import Session
from broker.seal import SealBroken
from broker.store import statements
from broker.store.engine import Connections
from broker.store.link import Row
from broker.store.records import KnownPerson, UpstreamHeld
from broker.store.sealing import Sealing


class UpstreamStore:
    """The part of `TenantStore` that only speaks of upstreams."""

    def __init__(self, tenant: str, connections: Connections, sealing: Sealing, clock: Callable[[], float]) -> None:
        self._tenant = tenant
        self._connections = connections
        self._sealing = sealing
        self._clock = clock

    def known_person(self, idp: str, upstream: str, subject: str) -> str | None:
        """The `sub` behind this name, and nothing is made where there is none."""
        key = self._sealing.person_key(self._tenant, idp, upstream, subject)
        with self._connections.one() as link:
            sub: str | None = link.value(statements.SUB_OF, {"this_tenant": self._tenant, "key": key})
        return sub

    def alias_person(self, idp: str, upstream: str, subject: str, sub: str) -> bool:
        """A further name for a person. False: there is no such person here, or somebody bears the name already."""
        with self._connections.one() as link:
            return link.row(statements.ALIAS_PERSON, self._alias(idp, upstream, subject, sub)) is not None

    def proven_person(self, idp: str, upstream: str, subject: str, lapsed: int) -> str | None:
        """The `sub` behind a further name that was given or proven after the moment `lapsed`."""
        key = self._sealing.person_key(self._tenant, idp, upstream, subject)
        wanted = {"this_tenant": self._tenant, "key": key, "lapsed": lapsed}
        with self._connections.one() as link:
            sub: str | None = link.value(statements.PROVEN_SUB, wanted)
        return sub

    def prove_name(self, idp: str, upstream: str, subject: str, sub: str, lapsed: int) -> bool:
        """The person has just proven this further name. False: it is another's, who did so after `lapsed`."""
        proven = {**self._alias(idp, upstream, subject, sub), "lapsed": lapsed}
        with self._connections.one() as link:
            return link.row(statements.PROVE_NAME, proven) is not None

    def people_of(self, idp: str) -> tuple[KnownPerson, ...]:
        """Everybody whom an IdP has a name for, aliases too."""
        with self._connections.one() as link:
            rows = link.rows(statements.PEOPLE_OF, {"this_tenant": self._tenant, "idp": idp})
        return tuple(self._known(row) for row in rows)

    def sessions_at(self, idp: str) -> tuple[Session, ...]:
        """Every unexpired session of an IdP."""
        wanted = {"this_tenant": self._tenant, "idp": idp, "now": self._now()}
        with self._connections.one() as link:
            return tuple(self._sealing.session(row) for row in link.rows(statements.SESSIONS_AT, wanted))

    def sessions_named(self, idp: str, upstream: str, *, sid: str | None, sub: str | None) -> tuple[Session, ...]:
        """The unexpired sessions that the upstream calls `sid`, or without one every session of its `sub`.

        Where both are given, both must be the session's own. Those of the tenant's people who are guests elsewhere are
        among them: their upstream is this tenant's.
        """
        kind, name = ("sub", sub) if sid is None else ("sid", sid)
        if name is None:
            return ()
        key = self._sealing.name_key(self._tenant, idp, upstream, kind, name)
        statement = statements.SESSIONS_OF_UPSTREAM_SUB if sid is None else statements.SESSIONS_OF_UPSTREAM_SID
        with self._connections.one() as link:
            rows = link.rows(statement, {"named": key, "now": self._now()})
        found = map(self._sealing.session, rows)
        return tuple(session for session in found if sub is None or session.upstream_sub == sub)

    def revoke_every_grant(self, sid: str, at: int) -> None:
        """Of a session whose person the upstream no longer lets in: the offline ones too."""
        with self._connections.one() as link:
            link.run(statements.REVOKE_EVERY_GRANT, {"this_tenant": self._tenant, "this_sid": sid, "at": at})

    def keep_upstream(self, sid: str, giver: str, refresh_token: str | None, checked_at: int, expires_at: int) -> None:
        """giver: who gave the token (`policy.giver_of`); it opens for nobody else."""
        row = {
            "tenant": self._tenant,
            "sid": sid,
            "sealed": self._closed(sid, giver, refresh_token),
            "checked_at": checked_at,
            "expires_at": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.KEEP_UPSTREAM, row)

    def upstream(self, sid: str, giver: str) -> UpstreamHeld | None:
        """None: nothing is known of this session's upstream. Without a token: none, or none of this giver's."""
        with self._connections.one() as link:
            row = link.row(statements.UPSTREAM, {**self._of_sid(sid), "now": self._now()})
        return None if row is None else self._held(row, giver)

    def claim_upstream(self, sid: str, giver: str, stale: int, until: int) -> UpstreamHeld | None:
        """What was checked at `stale` or before, for one caller alone until `until`. None: fresh, claimed, or gone."""
        wanted = {**self._of_sid(sid), "stale": stale, "until": until, "now": self._now()}
        with self._connections.one() as link:
            row = link.row(statements.CLAIM_UPSTREAM, wanted)
        return None if row is None else self._held(row, giver)

    def rotated_upstream(self, sid: str, giver: str, refresh_token: str) -> None:
        """The upstream has given another refresh token, and takes the old one no more."""
        changed = {**self._of_sid(sid), "to_sealed": self._closed(sid, giver, refresh_token)}
        with self._connections.one() as link:
            link.run(statements.ROTATED_UPSTREAM, changed)

    def checked_upstream(self, sid: str, at: int) -> None:
        """The upstream still lets the session's person in."""
        with self._connections.one() as link:
            link.run(statements.CHECKED_UPSTREAM, {**self._of_sid(sid), "at": at})

    def forget_upstream(self, sid: str) -> None:
        """Unless an offline grant of the session still needs it."""
        with self._connections.one() as link:
            link.run(statements.FORGET_UPSTREAM, self._of_sid(sid))

    def keep_groups(self, idp: str, sub: str, groups: Sequence[str], expires_at: int) -> None:
        row = {
            "tenant": self._tenant,
            "idp": idp,
            "sub": sub,
            "sealed": self._sealing.close(json.dumps(groups), "group_lists", self._tenant, f"{idp}/{sub}"),
            "expires_at": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.KEEP_GROUPS, row)

    def groups(self, idp: str, sub: str) -> tuple[str, ...] | None:
        """The list last kept; None: none, or too old."""
        wanted = {"this_tenant": self._tenant, "idp": idp, "sub": sub, "now": self._now()}
        with self._connections.one() as link:
            sealed = link.value(statements.GROUPS, wanted)
        if sealed is None:
            return None
        return tuple(json.loads(self._sealing.open(sealed, "group_lists", self._tenant, f"{idp}/{sub}")))

    def keep_attributes(self, sub: str, attributes: Mapping[str, Sequence[str]]) -> bool:
        """All that a person's record holds from now on. False: this tenant has no such person."""
        row = {
            "tenant": self._tenant,
            "sub": sub,
            "sealed": self._sealing.close(json.dumps(attributes), "person_attributes", self._tenant, sub),
            "changed_at": self._now(),
        }
        with self._connections.one() as link:
            return link.row(statements.KEEP_ATTRIBUTES, row) is not None

    def attributes(self, sub: str) -> Mapping[str, tuple[str, ...]]:
        with self._connections.one() as link:
            sealed = link.value(statements.ATTRIBUTES, {"this_tenant": self._tenant, "sub": sub})
        if sealed is None:
            return {}
        held = json.loads(self._sealing.open(sealed, "person_attributes", self._tenant, sub))
        return {name: tuple(values) for name, values in held.items()}

    def _known(self, row: Row) -> KnownPerson:
        upstream, subject = json.loads(self._sealing.open(row.who, "persons", self._tenant, row.key))
        return KnownPerson(upstream, subject, row.sub)

    def _alias(self, idp: str, upstream: str, subject: str, sub: str) -> dict[str, object]:
        key = self._sealing.person_key(self._tenant, idp, upstream, subject)
        return {
            "tenant": self._tenant,
            "key": key,
            "idp": idp,
            "who": self._sealing.close(json.dumps([upstream, subject]), "persons", self._tenant, key),
            "sub": sub,
            "made_at": self._now(),
        }

    def _closed(self, sid: str, giver: str, refresh_token: str | None) -> str:
        place = f"{sid} {giver}"
        return self._sealing.close(refresh_token, "upstream_tokens", self._tenant, place) if refresh_token else ""

    def _held(self, row: Row, giver: str) -> UpstreamHeld:
        """Sealed for another giver, a token is as good as absent: so are those from before it was sealed for one."""
        if not row.sealed:
            return UpstreamHeld(row.checked_at, None)
        try:
            opened = self._sealing.open(row.sealed, "upstream_tokens", self._tenant, f"{row.sid} {giver}")
        except SealBroken:
            return UpstreamHeld(row.checked_at, None)
        return UpstreamHeld(row.checked_at, opened)

    def _of_sid(self, sid: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_sid": sid}

    def _now(self) -> int:
        return int(self._clock())
