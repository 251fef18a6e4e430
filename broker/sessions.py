"""A person's sessions: one per (tenant, IdP, subject) behind a browser's cookie, each with its own limits.

Only here is an `Identity` restored from what the broker sealed; only here do a tenant's rules run on it, always those
of the current revision (contract section 3), whoever asks: code redemption, refresh, userinfo or single sign-on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from broker import claims, domains, policy
from broker.errors import AccessDenied
from broker.model import (
    AuthRequest,
    Client,
    Configuration,
    Entitlement,
    Identity,
    IdentityProvider,
    Lifetimes,
    Session,
    Tenant,
    serial,
)
from broker.model.overage import groups_left_out, with_groups
from broker.policy import Address, Admitted
from broker.store import Store, TenantStore, Transaction

TOUCH_EVERY = 60  # seconds between two writes of a session's `last_seen`
GROUPS_KEPT = 90 * 86400  # seconds that a whole group list may stand in for a later one
BY_EMAIL = ("", "email")  # the IdP (no id is empty) and upstream under which an address is a person's further name
PROOF_LASTS = 180 * 86400  # seconds that an address stays its last prover's: one that is given to somebody else is free
LINKED = "by email "  # before the upstream of a name that an address gave: it counts while the IdP links by addresses
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
        sub = self._person(home, admitted, identity)
        identity, refresh_token = replace(identity, refresh_token=None), identity.refresh_token
        identity = self._with_known_groups(home, admitted.idp, sub, identity)
        before = self._same(transaction, admitted, sub, browser)
        session = Session(
            sid=before.sid if before else secrets.token_urlsafe(16),
            tenant=admitted.tenant.id,
            home_tenant=admitted.home_tenant.id,
            idp=identity.idp,
            upstream=identity.upstream,
            sub=sub,
            auth_time=self._auth_time(identity, request, now),
            created_at=now,
            last_seen=now,
            expires_at=self._ends(admitted.tenant, identity, now),
            identity=serial.dumps(identity),
            source=policy.upstream_of(admitted.idp),
            upstream_sid=identity.logout.get("sid"),
            upstream_sub=identity.logout.get("sub"),
        )
        entitlement = self._entitle(admitted, identity)
        if not entitlement.allowed:
            raise policy.denied(entitlement)
        here = transaction.of(admitted.tenant.id)
        here.open_session(session, browser)
        if admitted.idp.refresh is not None:
            until = session.expires_at + self._lifetimes.refresh_token
            here.keep_upstream(session.sid, policy.giver_of(admitted.idp), refresh_token, now, until)
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
        idp: tuple[str, str] | None,
        ip: Address,
    ) -> tuple[Session, ...]:
        """This browser's sessions that may answer for `client` now; narrowed to an active tenant and a home realm."""
        found = (
            session
            for session in self._store.deployment.browser_sessions(browser)
            if (tenant is None or session.tenant == tenant)
            and (idp is None or (session.home_tenant, session.idp) == idp)
        )
        return tuple(session for session in found if self.usable(configuration, session, client, ip=ip))

    def usable(self, configuration: Configuration, session: Session, client: Client, *, ip: Address) -> bool:
        """Whether single sign-on may use the session: the guard, its limits, and the IdP still being the same one."""
        try:
            admitted = self._admit(configuration, session, client, ip)
        except AccessDenied:
            return False
        return self.alive(session, admitted.tenant) and _same_upstream(admitted, session)

    def may_be(self, configuration: Configuration, session: Session, login_hint: str | None) -> bool:
        """False where the hint is an address and the IdP called the session's person by another one."""
        if login_hint is None or "@" not in login_hint:
            return True
        idp = configuration.tenants[session.home_tenant].identity_providers[session.idp]
        incoming = claims.incoming_of(idp, serial.loads(Identity, session.identity).attributes)
        names = {str(incoming[name]).casefold() for name in ("email", "upn", "preferred_username") if name in incoming}
        return not names or login_hint.casefold() in names

    def alive(self, session: Session, tenant: Tenant) -> bool:
        """Within the absolute and the idle limit of the tenant's current sign-in policy."""
        now = self._clock()
        absolute = min(
            self._lifetimes.session_absolute, tenant.sign_in.session_absolute or self._lifetimes.session_absolute
        )
        idle = min(self._lifetimes.session_idle, tenant.sign_in.session_idle or self._lifetimes.session_idle)
        return now < session.expires_at and now < session.created_at + absolute and now < session.last_seen + idle

    def touch(self, session: Session) -> None:
        now = int(self._clock())
        if now - session.last_seen >= TOUCH_EVERY:
            self._store.of(session.tenant).touch_session(session.sid, now)

    def entitle(self, configuration: Configuration, session: Session, client: Client) -> Entitlement:
        """What may be said about the session's person to `client` now. A refusal is an answer, not an error."""
        try:
            admitted = self._admit(configuration, session, client, None)
        except AccessDenied as refused:
            return Entitlement(False, {}, (), reason=refused.reason, message=refused.public)
        if not _same_upstream(admitted, session):
            return Entitlement(False, {}, (), reason="upstream_changed")
        return self._entitle(admitted, serial.loads(Identity, session.identity))

    def end(self, transaction: Transaction, session: Session) -> None:
        """End the session and every refresh token that lives with it; offline ones stay (contract, Logout)."""
        tenant = transaction.of(session.tenant)
        tenant.end_session(session.sid)
        tenant.revoke_session_grants(session.sid, int(self._clock()))
        tenant.forget_upstream(session.sid)

    def _admit(self, configuration: Configuration, session: Session, client: Client, ip: Address | None) -> Admitted:
        return policy.admit(
            configuration, client.client_id, session.tenant, session.idp, home_tenant_id=session.home_tenant, ip=ip
        )

    def _same(self, transaction: Transaction, admitted: Admitted, sub: str, browser: str) -> Session | None:
        wanted = (admitted.tenant.id, admitted.home_tenant.id, admitted.idp.id, sub)
        for session in transaction.deployment.browser_sessions(browser):
            if (session.tenant, session.home_tenant, session.idp, session.sub) == wanted:
                return session
        return None

    def own_address(self, configuration: Configuration, session: Session) -> str | None:
        """What the IdP called the session's person by, if it is in a domain of the tenant; proven or not."""
        tenant = configuration.tenants.get(session.home_tenant)
        idp = tenant.identity_providers.get(session.idp) if tenant else None
        return None if tenant is None or idp is None else _own_address(tenant, idp, self.identity(session))

    def _person(self, home: TenantStore, admitted: Admitted, identity: Identity) -> str:
        """By (tenant, IdP, upstream, subject); by a proven address only where the IdP's configuration opts in.

        Then an address is a further name of whoever brought it first, and a new subject that brings it is that person,
        for as long as the IdP links by addresses. Nobody who has not proven it for PROOF_LASTS keeps it.
        """
        own = (identity.idp, identity.upstream, identity.subject)
        if not admitted.idp.link_by_email:
            return home.person(*own)
        by_address = (identity.idp, f"{LINKED}{identity.upstream}", identity.subject)
        known = home.known_person(*own) or home.known_person(*by_address)
        address = self._linking_address(admitted, identity)
        if address is None:
            return known or home.person(*own)
        lapsed = int(self._clock()) - PROOF_LASTS
        linked = home.proven_person(*BY_EMAIL, address, lapsed)
        if known is None and linked is not None and home.alias_person(*by_address, linked):
            known = linked
        sub = known or home.known_person(*by_address) or home.person(*own)
        home.prove_name(*BY_EMAIL, address, sub, lapsed)
        return sub

    def _linking_address(self, admitted: Admitted, identity: Identity) -> str | None:
        """The address, where it is proven and in a domain of the tenant."""
        if identity.email_verified is not True:
            return None
        return _own_address(admitted.home_tenant, admitted.idp, identity)

    def _with_known_groups(self, home: TenantStore, idp: IdentityProvider, sub: str, identity: Identity) -> Identity:
        """`keep_last`: a whole list is remembered, and stands in for one that did not come whole."""
        if idp.groups.incomplete != "keep_last":
            return identity
        if not groups_left_out(identity.attributes):
            groups = claims.incoming_of(idp, identity.attributes).get("groups", ())
            whole = groups if isinstance(groups, tuple) else (str(groups),)
            home.keep_groups(idp.id, sub, whole, int(self._clock()) + GROUPS_KEPT)
            return identity
        last = home.groups(idp.id, sub)
        if last is None:
            return identity
        return replace(identity, attributes=with_groups(identity.attributes, last), groups_complete=False)

    def _auth_time(self, identity: Identity, request: AuthRequest, now: int) -> int | None:
        """The upstream's instant; ours only where the connector proved a fresh authentication (contract section 3)."""
        if identity.auth_time is not None:
            return min(identity.auth_time, now)
        return now if request.reauthenticate else None

    def _ends(self, tenant: Tenant, identity: Identity, now: int) -> int:
        absolute = min(
            self._lifetimes.session_absolute, tenant.sign_in.session_absolute or self._lifetimes.session_absolute
        )
        return min(now + absolute, identity.session_ends or now + absolute)

    def _entitle(self, admitted: Admitted, identity: Identity) -> Entitlement:
        incoming = claims.incoming_of(admitted.idp, identity.attributes)
        left_out = "groups" in claims.incomplete(incoming)
        if left_out and admitted.idp.groups.incomplete == "deny":
            return Entitlement(False, {}, (), reason="groups_incomplete", message=GROUPS_MISSING)
        outcome = claims.apply(admitted.home_tenant, admitted.idp, incoming, email_verified=identity.email_verified)
        allowed = admitted.client.roles
        return Entitlement(
            allowed=outcome.allowed,
            claims=outcome.claims,
            roles=tuple(role for role in outcome.roles if allowed is None or role in allowed),
            reason=outcome.reason,
            message=outcome.message,
            email_verified=outcome.email_verified,
            acr=identity.acr,
            amr=identity.amr,
            idp_chain=identity.chain,
            groups_complete=identity.groups_complete and not left_out,
        )


def _own_address(tenant: Tenant, idp: IdentityProvider, identity: Identity) -> str | None:
    """In one spelling: mailboxes that differ in case only are one person's in every directory that we know.

    An IdP that is `for` some of the tenant's domains speaks for those alone.
    """
    email = claims.incoming_of(idp, identity.attributes).get("email")
    domain = domains.of_address(email) if isinstance(email, str) else None
    spoken_for = [tenant.home_realm.email_domains, *([idp.only_for.email_domains] if idp.only_for else [])]
    if domain is None or not all(any(domains.matches(one, domain) for one in patterns) for patterns in spoken_for):
        return None
    return f"{str(email).rpartition('@')[0].lower()}@{domain}"


def _same_upstream(admitted: Admitted, session: Session) -> bool:
    """Pointing an IdP at another upstream makes new people, so the old upstream's sessions answer no more."""
    same = session.source == policy.upstream_of(admitted.idp) != ""
    return same and policy.serves(admitted.idp, session.upstream)
