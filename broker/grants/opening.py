"""The first tokens of a grant: what a person's code stands for, whichever way it came to the client."""

from __future__ import annotations

from broker.errors import InvalidGrant
from broker.grants import binding, consented, standing, target
from broker.grants.request import Granted, TokenRequest, new_handle
from broker.model import Code, Entitlement, Session
from broker.model.sign_in_policy import at_most
from broker.store.records import Grant


def opened(request: TokenRequest, code: Code, event: str, handle: str | None, *, lasting: bool = True) -> Granted:
    """handle: finds the grant again, should it come once more (see `replayed`); None: it cannot. lasting: it can be
    refreshed.

    Raises InvalidGrant: those of `standing` and `consented`. InvalidTarget: those of `target`.
    """
    store = request.transaction.of(code.tenant)
    session = standing.living(store.session(code.sid), request.people, request.configuration)
    entitlement = standing.entitled(request.people, request.configuration, session, request.client)
    consented.require(request, session, code.scope, code.terms)
    audience = target.audience(request, code.terms, code.tenant) if lasting else code.terms.resources
    grant = _grant(request, handle, code, session, entitlement)
    store.open_grant(grant)
    store.note_client(session.sid, request.client.client_id)
    refresh_token = new_handle() if lasting and "refresh_token" in request.client.grant_types else None
    if refresh_token is not None:
        store.add_refresh(refresh_token, grant.id, grant.expires_at)
    authorization = standing.authorization(
        request.configuration,
        request.client,
        session,
        entitlement,
        grant_id=grant.id,
        terms=binding.of_access(grant.terms, request),
        scope=code.scope,
        issuer=request.issuer,
        nonce=code.nonce,
        refresh_token=refresh_token,
        upstream_checked_at=standing.upstream_checked_at(request.configuration, store, session),
    )
    return Granted(target.aimed(request, authorization, audience), event, code.reference)


def replayed(request: TokenRequest, handle: str, reason: str) -> InvalidGrant | None:
    """RFC 6749 §4.1.2: a code used twice takes with it all that its first use gave. None: it was never used."""
    found = request.transaction.deployment.grant_of_code(handle)
    if found is None:
        return None
    tenant, grant_id = found
    request.transaction.of(tenant).revoke_grant(grant_id, request.now)
    return InvalidGrant(reason).about(tenant=tenant)


def _grant(request: TokenRequest, handle: str | None, code: Code, session: Session, entitlement: Entitlement) -> Grant:
    """The refresh lifetime is absolute; without `offline_access` the session's end comes first."""
    offline = "offline_access" in code.scope
    latest = request.now + at_most(request.lifetimes.refresh_token, entitlement.lifetimes.refresh_token)
    return Grant(
        id=new_handle(),
        tenant=code.tenant,
        client_id=code.client_id,
        sid=session.sid,
        sub=session.sub,
        scope=code.scope,
        offline=offline,
        session=session,
        created_at=request.now,
        expires_at=latest if offline else min(latest, session.expires_at),
        nonce=code.nonce,
        terms=binding.of_refresh(code.terms, request),
        code=handle,
    )
