"""grant_type=authorization_code (RFC 6749 §4.1.3): a code, once, by the client it was given to."""

from __future__ import annotations

from broker.errors import InvalidGrant, InvalidRequest, InvalidTarget
from broker.grants import binding, standing, target
from broker.grants.request import Granted, TokenRequest, new_handle
from broker.model import Code, Entitlement, Session, serial
from broker.model.sign_in_policy import at_most
from broker.oauth2 import pkce
from broker.store.records import Grant


def authorization_code(request: TokenRequest) -> Granted:
    """Raises InvalidRequest: code_missing. InvalidGrant: code_replay, code_unknown, code_tenant, code_client,
    redirect_uri, those of `pkce.verify`, `binding` and `standing`. InvalidTarget: those of `target`.
    """
    handle = request.form.get("code")
    if handle is None:
        raise InvalidRequest("code_missing", "Send the code.")
    code = _take(request, handle)
    try:
        return _redeem(request, handle, code)
    except (InvalidGrant, InvalidTarget) as refused:
        raise refused.about(reference=code.reference, tenant=code.tenant) from None


def _redeem(request: TokenRequest, handle: str, code: Code) -> Granted:
    _require_same_client(request, code)
    _require_same_redirect_uri(request, code)
    pkce.verify(code.code_challenge, request.form.get("code_verifier"))
    binding.require_holder(code.terms.cnf, request)
    store = request.transaction.of(code.tenant)
    session = standing.living(store.session(code.sid), request.people, request.configuration)
    entitlement = standing.entitled(request.people, request.configuration, session, request.client)
    audience = target.audience(request, code.terms, code.tenant)
    grant = _grant(request, handle, code, session, entitlement)
    store.open_grant(grant)
    store.note_client(session.sid, request.client.client_id)
    refresh_token = new_handle() if "refresh_token" in request.client.grant_types else None
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
    return Granted(target.aimed(request, authorization, audience), "token.issued", code.reference)


def _take(request: TokenRequest, handle: str) -> Code:
    """From here on the code is gone, whatever comes of it (RFC 9700 §4.5)."""
    taken = request.transaction.deployment.take("code", handle)
    if taken is None:
        raise _replayed(request, handle) or InvalidGrant("code_unknown")
    tenant, payload = taken
    code = serial.loads(Code, payload)
    if code.tenant != tenant:
        raise InvalidGrant("code_tenant").about(tenant=tenant)
    return code


def _replayed(request: TokenRequest, handle: str) -> InvalidGrant | None:
    """RFC 6749 §4.1.2: a code used twice takes with it all that its first use gave."""
    found = request.transaction.deployment.grant_of_code(handle)
    if found is None:
        return None
    tenant, grant_id = found
    request.transaction.of(tenant).revoke_grant(grant_id, request.now)
    return InvalidGrant("code_replay").about(tenant=tenant)


def _require_same_client(request: TokenRequest, code: Code) -> None:
    if code.client_id != request.client.client_id:
        raise InvalidGrant("code_client")


def _require_same_redirect_uri(request: TokenRequest, code: Code) -> None:
    if code.redirect_uri != request.form.get("redirect_uri"):
        raise InvalidGrant("redirect_uri", "redirect_uri is not the one of the authorization request.")


def _grant(request: TokenRequest, handle: str, code: Code, session: Session, entitlement: Entitlement) -> Grant:
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
