"""Does a grant still stand? Refresh and userinfo ask the same questions, in the same order, on the current revision."""

from __future__ import annotations

from typing import Protocol

from broker import policy
from broker.errors import InvalidGrant
from broker.grants.request import People
from broker.model import Authorization, Client, Configuration, Entitlement, Session, Terms
from broker.store.records import Grant, UpstreamHeld


class _SessionStore(Protocol):
    def session(self, sid: str) -> Session | None: ...


class _UpstreamStore(Protocol):
    def upstream(self, sid: str, giver: str) -> UpstreamHeld | None: ...


def require_standing(grant: Grant | None, client: Client, now: int) -> Grant:
    """Raises InvalidGrant: grant_unknown, grant_client, grant_revoked, grant_expired, offline_withdrawn."""
    if grant is None:
        raise InvalidGrant("grant_unknown")
    if grant.client_id != client.client_id:
        raise InvalidGrant("grant_client")
    if grant.revoked_at is not None:
        raise InvalidGrant("grant_revoked")
    if now >= grant.expires_at:
        raise InvalidGrant("grant_expired")
    if grant.offline and "offline_access" not in client.scopes:
        raise InvalidGrant("offline_withdrawn")
    return grant


def session_behind(grant: Grant, store: _SessionStore, people: People, configuration: Configuration) -> Session:
    """The living session, or for an offline grant its snapshot (contract section 3). Raises InvalidGrant."""
    if grant.offline:
        return grant.session
    return living(store.session(grant.sid), people, configuration)


def living(session: Session | None, people: People, configuration: Configuration) -> Session:
    """Raises InvalidGrant: session_ended, tenant_unknown."""
    if session is None:
        raise InvalidGrant("session_ended")
    if session.tenant not in configuration.tenants:
        raise InvalidGrant("tenant_unknown")
    if not people.alive(configuration, session):
        raise InvalidGrant("session_ended")
    return session


def entitled(people: People, configuration: Configuration, session: Session, client: Client) -> Entitlement:
    """What the guard and the current rules still allow. Raises InvalidGrant with their reason."""
    entitlement = people.entitle(configuration, session, client)
    if not entitlement.allowed:
        raise InvalidGrant(entitlement.reason or "denied")
    return entitlement


def upstream_checked_at(configuration: Configuration, store: _UpstreamStore, session: Session) -> int | None:
    """When the IdP last said that the person is welcome there, where it is asked at all (`upstream_refresh`)."""
    idp = configuration.tenants[session.home_tenant].identity_providers[session.idp]
    held = store.upstream(session.sid, policy.giver_of(idp)) if idp.refresh is not None else None
    return None if held is None else held.checked_at


def authorization(
    configuration: Configuration,
    client: Client,
    session: Session,
    entitlement: Entitlement,
    *,
    grant_id: str,
    scope: tuple[str, ...],
    issuer: str,
    terms: Terms,
    nonce: str | None = None,
    refresh_token: str | None = None,
    upstream_checked_at: int | None = None,
) -> Authorization:
    """What was proven, in one value. `acr`, `amr` and `auth_time` are those of the sign-in (RFC 9068 §2.2.1); where
    several names for its `acr` are true, the client hears the one that it asked for (RFC 9470 §5)."""
    return Authorization(
        client_id=client.client_id,
        grant_id=grant_id,
        tenant=session.tenant,
        home_tenant=session.home_tenant,
        idp=session.idp,
        sub=session.sub,
        sid=session.sid,
        scope=scope,
        claims=entitlement.claims,
        roles=entitlement.roles,
        audience=terms.resources or (client.audience or issuer,),
        revision=configuration.revision,
        authenticated_tenant=session.home_tenant,
        acr=next((name for name in terms.acr_values if name in entitlement.acrs), entitlement.acr),
        amr=entitlement.amr,
        auth_time=session.auth_time,
        nonce=nonce,
        email_verified=entitlement.email_verified,
        idp_chain=entitlement.idp_chain,
        groups_complete=entitlement.groups_complete,
        upstream_checked_at=upstream_checked_at,
        refresh_token=refresh_token,
        terms=terms,
        lifetimes=entitlement.lifetimes,
        guest=entitlement.guest,
    )
