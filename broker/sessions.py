"""A person's sessions: one per (tenant, IdP, subject) behind a browser's cookie, each with its own limits.

Only here is an `Identity` restored from what the broker sealed; only here do a tenant's rules run on it, always those
of the current revision (contract section 3), whoever asks: code redemption, refresh, userinfo or single sign-on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from broker import assurance, claims, persons, policy
from broker.errors import AccessDenied
from broker.model import (
    AuthRequest,
    Client,
    Configuration,
    Entitlement,
    Guest,
    Identity,
    Lifetimes,
    Session,
    Tenant,
    serial,
)
from broker.model.sign_in_policy import at_most
from broker.policy import Address, Admitted, Place
from broker.store import Store, Transaction

TOUCH_EVERY = 60  # seconds between two writes of a session's `last_seen`
GROUPS_MISSING = (
    "Your organisation's identity provider did not send all your groups, and without them nobody may sign in. "
    "Ask your administrator to send fewer groups, or to let them be looked up."
)


class Sessions:
    def __init__(self, store: Store, lifetimes: Lifetimes, clock: Callable[[], float]) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._clock = clock

    def open(
        self, transaction: Transaction, admitted: Admitted, request: AuthRequest, identity: Identity, browser: str
    ) -> Session:
        """Record that this person signed in with this browser. Raises AccessDenied when the tenant's rules deny.

        The same person at the same IdP in the same browser keeps the `sid`: apps that hold it see one session.
        """
        now = int(self._clock())
        home = transaction.of(admitted.home_tenant.id)
        sub = persons.sub_of(home, admitted, identity, now)
        identity, refresh_token = replace(identity, refresh_token=None), identity.refresh_token
        identity = persons.with_known_groups(home, admitted.idp, sub, identity, now)
        identity = persons.with_record(home, admitted.idp, sub, identity)
        session = Session(
            sid=self._sid(transaction, admitted, sub, browser),
            tenant=admitted.tenant.id,
            home_tenant=admitted.home_tenant.id,
            idp=identity.idp,
            upstream=identity.upstream,
            sub=sub,
            auth_time=self._auth_time(identity, request, now),
            created_at=now,
            last_seen=now,
            expires_at=self._ends(admitted, identity, now),
            identity=serial.dumps(identity),
            source=policy.upstream_of(admitted.idp),
            upstream_sid=identity.logout.get("sid"),
            upstream_sub=identity.logout.get("sub"),
        )
        session = self._keep(transaction, admitted, session, identity, browser)
        if admitted.idp.refresh is not None:
            until = session.expires_at + self._lifetimes.refresh_token
            giver = policy.giver_of(admitted.idp)
            transaction.of(session.tenant).keep_upstream(session.sid, giver, refresh_token, now, until)
        return session

    def switch(self, transaction: Transaction, admitted: Admitted, source: Session, browser: str) -> Session:
        """The person of a living session, active in another tenant without a new sign-in. Nothing lasts longer by it.

        Raises AccessDenied as `open` does. Whether the sign-in was strong enough is the caller's to ask.
        """
        identity = self.identity(source)
        session = replace(
            source,
            sid=self._sid(transaction, admitted, source.sub, browser),
            tenant=admitted.tenant.id,
            last_seen=int(self._clock()),
            expires_at=min(source.expires_at, self._ends(admitted, identity, source.created_at)),
        )
        return self._keep(transaction, admitted, session, identity, browser)

    def _keep(
        self, transaction: Transaction, admitted: Admitted, session: Session, identity: Identity, browser: str
    ) -> Session:
        """A guest's entry is theirs from here on."""
        here = transaction.of(admitted.tenant.id)
        entry = self._entry(admitted, session)
        if entry is not None:
            policy.require_bound(admitted, here.bind_guest(entry, session.sub), session.sub)
        entitlement = self._entitle(admitted, identity, entry)
        if not entitlement.allowed:
            raise policy.denied(entitlement)
        session = replace(session, guest=entry)
        here.open_session(session, browser)
        return session

    def identity(self, session: Session) -> Identity:
        """What the connector proved when the session began."""
        return serial.loads(Identity, session.identity)

    def find(
        self,
        configuration: Configuration,
        client: Client,
        browser: str,
        *,
        tenant: str | None,
        ip: Address,
    ) -> tuple[Session, ...]:
        """This browser's sessions that may answer for `client` now; narrowed to an active tenant."""
        found = self._store.deployment.browser_sessions(browser)
        narrowed = (session for session in found if tenant in {None, session.tenant})
        return tuple(session for session in narrowed if self.usable(configuration, session, client, ip=ip))

    def usable(self, configuration: Configuration, session: Session, client: Client, *, ip: Address) -> bool:
        """Whether single sign-on may use the session: the guard, its limits, and the IdP still being the same one."""
        try:
            return self._stands(configuration, session, self._admit(configuration, session, client, ip))
        except AccessDenied:
            return False

    def own(self, configuration: Configuration, session: Session, *, ip: Address) -> bool:
        """Whether its person may look after what is theirs by it: as `usable`, where no application asks."""
        tenant, home, now = session.tenant, session.home_tenant, self._clock()
        try:
            place = policy.admit_person(configuration, tenant, session.idp, home_tenant_id=home, now=now, ip=ip)
            policy.require_factors(place, self.identity(session))
            return self._stands(configuration, session, place)
        except AccessDenied:
            return False

    def _stands(self, configuration: Configuration, session: Session, place: Place) -> bool:
        """Raises AccessDenied as `policy.guest`."""
        invited = self._entry(place, session) == session.guest
        return invited and self.alive(configuration, session) and _same_upstream(place, session)

    def elsewhere(
        self, configuration: Configuration, session: Session, client: Client, tenant: str, *, ip: Address | None
    ) -> Session | None:
        """What a living session would be with another active tenant; None: its person may not be there.

        Its own limits may be over there: `alive` says so.
        """
        there = replace(session, tenant=tenant)
        try:
            admitted = self._admit(configuration, there, client, ip)
            there = replace(there, guest=self._entry(admitted, there))
        except AccessDenied:
            return None
        return there if self.alive(configuration, session) and _same_upstream(admitted, session) else None

    def reach(self, configuration: Configuration, session: Session) -> tuple[str, ...]:
        """Tenants that the session's person may be active in: at home, and wherever an entry names them."""
        home = configuration.tenants.get(session.home_tenant)
        idp = home.identity_providers.get(session.idp) if home else None
        if home is None or idp is None:
            return ()
        address = persons.proven_address(home, idp, self.identity(session))
        return (home.id, *configuration.hosts.get((home.id, address or ""), ()))

    def may_be(self, configuration: Configuration, session: Session, login_hint: str | None) -> bool:
        """False where the hint is an address and the IdP called the session's person by another one."""
        if login_hint is None or "@" not in login_hint:
            return True
        idp = configuration.tenants[session.home_tenant].identity_providers[session.idp]
        incoming = claims.incoming_of(idp, serial.loads(Identity, session.identity).attributes)
        names = {str(incoming[name]).casefold() for name in ("email", "upn", "preferred_username") if name in incoming}
        return not names or login_hint.casefold() in names

    def alive(self, configuration: Configuration, session: Session) -> bool:
        """Within the absolute and the idle limit of both tenants' current sign-in policy."""
        tenant, home = (configuration.tenants.get(name) for name in (session.tenant, session.home_tenant))
        if tenant is None or home is None:
            return False
        now, (absolute, idle) = self._clock(), self._limits(tenant, home)
        return now < session.expires_at and now < session.created_at + absolute and now < session.last_seen + idle

    def _limits(self, tenant: Tenant, home: Tenant) -> tuple[int, int]:
        """Seconds that a session may last, and lie idle: the shortest that deployment and tenants say."""
        both, most = tenant.sign_in.stricter(home.sign_in), self._lifetimes
        return (
            at_most(most.session_absolute, both.session_absolute),
            at_most(most.session_idle, both.session_idle),
        )

    def touch(self, session: Session) -> None:
        now = int(self._clock())
        if now - session.last_seen >= TOUCH_EVERY:
            self._store.of(session.tenant).touch_session(session.sid, now)

    def entitle(self, configuration: Configuration, session: Session, client: Client) -> Entitlement:
        """What may be said about the session's person to `client` now. A refusal is an answer, not an error."""
        try:
            admitted = self._admit(configuration, session, client, None)
            if not _same_upstream(admitted, session):
                return Entitlement(False, {}, (), reason="upstream_changed")
            if self._entry(admitted, session) != session.guest:
                return Entitlement(False, {}, (), reason="guest_replaced", message=policy.NOT_A_GUEST)
            return self._entitle(admitted, self.identity(session), session.guest)
        except AccessDenied as refused:
            return Entitlement(False, {}, (), reason=refused.reason, message=refused.public)

    def end(self, transaction: Transaction, session: Session) -> None:
        """End the session and every refresh token that lives with it; offline ones stay (contract, Logout)."""
        tenant = transaction.of(session.tenant)
        tenant.end_session(session.sid)
        tenant.revoke_session_grants(session.sid, int(self._clock()))
        tenant.forget_upstream(session.sid)

    def _admit(self, configuration: Configuration, session: Session, client: Client, ip: Address | None) -> Admitted:
        return policy.admit(
            configuration,
            client.client_id,
            session.tenant,
            session.idp,
            now=self._clock(),
            home_tenant_id=session.home_tenant,
            ip=ip,
        )

    def _entry(self, place: Place, session: Session) -> Guest | None:
        return persons.invitation(place, self.identity(session), self._clock())

    def _sid(self, transaction: Transaction, admitted: Admitted, sub: str, browser: str) -> str:
        """That of the same person's session in this browser, if there is one."""
        wanted = (admitted.tenant.id, admitted.home_tenant.id, admitted.idp.id, sub)
        for session in transaction.deployment.browser_sessions(browser):
            if (session.tenant, session.home_tenant, session.idp, session.sub) == wanted:
                return session.sid
        return secrets.token_urlsafe(16)

    def own_address(self, configuration: Configuration, session: Session) -> str | None:
        """What the IdP called the session's person by, if it is in a domain of the tenant; proven or not."""
        tenant = configuration.tenants.get(session.home_tenant)
        idp = tenant.identity_providers.get(session.idp) if tenant else None
        return None if tenant is None or idp is None else persons.own_address(tenant, idp, self.identity(session))

    def _auth_time(self, identity: Identity, request: AuthRequest, now: int) -> int | None:
        """The upstream's instant; ours only where the connector proved a fresh authentication (contract section 3)."""
        if identity.auth_time is not None:
            return min(identity.auth_time, now)
        return now if request.reauthenticate else None

    def _ends(self, admitted: Admitted, identity: Identity, now: int) -> int:
        absolute, _ = self._limits(admitted.tenant, admitted.home_tenant)
        return min(now + absolute, identity.session_ends or now + absolute)

    def _entitle(self, admitted: Admitted, identity: Identity, guest: Guest | None) -> Entitlement:
        """What the home tenant refuses is refused to its guests too. Raises AccessDenied: mfa_missing."""
        policy.require_factors(admitted, identity)
        incoming = claims.incoming_of(admitted.idp, identity.attributes)
        incoming = claims.enriched(admitted.idp, incoming, identity.record)
        incoming = claims.told(admitted.home_tenant, incoming, identity.told)
        left_out = "groups" in claims.incomplete(incoming)
        if left_out and admitted.idp.groups.incomplete == "deny":
            return Entitlement(False, {}, (), reason="groups_incomplete", message=GROUPS_MISSING)
        outcome = claims.apply(admitted.home_tenant, admitted.idp, incoming, email_verified=identity.email_verified)
        said = outcome.claims if guest is None else claims.of_guest(outcome, incoming, guest.email)
        return Entitlement(
            allowed=outcome.allowed,
            claims=said,
            roles=policy.meaningful(admitted, outcome.roles if guest is None else guest.roles),
            reason=outcome.reason,
            message=outcome.message,
            email_verified=outcome.email_verified if guest is None else "email" in said,
            acr=identity.acr,
            acrs=assurance.acrs_of(admitted.idp, identity),
            amr=identity.amr,
            idp_chain=identity.chain,
            groups_complete=guest is not None or (identity.groups_complete and not left_out),
            lifetimes=admitted.sign_in.lifetimes,
            guest=guest if outcome.allowed else None,
            held=outcome.roles if guest is None else guest.roles,
        )


def _same_upstream(place: Place, session: Session) -> bool:
    """Pointing an IdP at another upstream makes new people, so the old upstream's sessions answer no more."""
    same = session.source == policy.upstream_of(place.idp) != ""
    return same and policy.serves(place.idp, session.upstream)
