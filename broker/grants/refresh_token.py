"""grant_type=refresh_token (RFC 6749 §6): rotation on every use, reuse ends the family (RFC 9700 §4.14.2)."""

from __future__ import annotations

from broker.errors import InvalidGrant, InvalidRequest, InvalidTarget
from broker.grants import binding, standing, target
from broker.grants.request import Granted, TokenRequest, new_handle
from broker.model import Entitlement, Session
from broker.model.sign_in_policy import at_most
from broker.oauth2 import scopes
from broker.store.records import Grant, RefreshUse

TOUCH_EVERY = 60  # seconds between two writes of a session's `last_seen`


def refresh_token(request: TokenRequest) -> Granted:
    """The token is used up last: one that is refused for the tenant's sake works again when the tenant does.

    Raises InvalidRequest: refresh_token_missing. InvalidScope: scope_wider. InvalidGrant: refresh_unknown,
    refresh_client, refresh_reuse, refresh_expired, and those of `binding` and `standing`. InvalidTarget: those of
    `target`.
    """
    handle = request.form.get("refresh_token")
    if handle is None:
        raise InvalidRequest("refresh_token_missing", "Send the refresh_token.")
    tenant = request.transaction.deployment.owner_of_refresh(handle)
    if tenant is None:
        raise InvalidGrant("refresh_unknown")
    try:
        return _refresh(request, handle, tenant)
    except (InvalidGrant, InvalidRequest, InvalidTarget) as refused:
        raise refused.about(tenant=tenant) from None


def _refresh(request: TokenRequest, handle: str, tenant: str) -> Granted:
    store = request.transaction.of(tenant)
    use = store.peek_refresh(handle)
    grant = _own_grant(request, tenant, use)
    _require_fresh(request, tenant, use, grant)
    binding.require_holder(grant.terms.cnf, request)
    standing.require_standing(grant, request.client, request.now)
    session = standing.session_behind(grant, store, request.people, request.configuration)
    entitlement = standing.entitled(request.people, request.configuration, session, request.client)
    _require_within(request, grant, entitlement)
    held = tuple(scope for scope in grant.scope if scope in request.client.scopes)
    scope = scopes.narrowed(held, request.form.get("scope"))
    audience = target.audience(request, grant.terms, tenant)
    successor = _successor(request, tenant, grant, handle)
    _touch(request, grant, session)
    authorization = standing.authorization(
        request.configuration,
        request.client,
        session,
        entitlement,
        grant_id=grant.id,
        terms=binding.of_access(grant.terms, request),
        scope=scope,
        issuer=request.issuer,
        refresh_token=successor,
        upstream_checked_at=standing.upstream_checked_at(request.configuration, store, session),
    )
    return Granted(target.aimed(request, authorization, audience), "token.refreshed")


def _own_grant(request: TokenRequest, tenant: str, use: RefreshUse | None) -> Grant:
    """Another client's token is none of this client's business, and stays good for its owner."""
    grant = request.transaction.of(tenant).grant(use.grant_id) if use is not None else None
    if grant is None:
        raise InvalidGrant("refresh_expired" if use is not None and use.state == "expired" else "refresh_unknown")
    if grant.client_id != request.client.client_id:
        raise InvalidGrant("refresh_client")
    return grant


def _require_fresh(request: TokenRequest, tenant: str, use: RefreshUse | None, grant: Grant) -> None:
    """A token that comes twice was stolen from somebody: nobody can tell from whom, so the whole family ends."""
    if use is None:
        raise InvalidGrant("refresh_unknown")
    if use.state == "used":
        request.transaction.of(tenant).revoke_grant(grant.id, request.now)
        raise InvalidGrant("refresh_reuse")
    if use.state != "fresh":
        raise InvalidGrant("refresh_expired")


def _require_within(request: TokenRequest, grant: Grant, entitlement: Entitlement) -> None:
    """What the tenant's current revision still allows counts, not what it allowed when the grant began."""
    longest = at_most(request.lifetimes.refresh_token, entitlement.lifetimes.refresh_token)
    if request.now >= grant.created_at + longest:
        raise InvalidGrant("refresh_expired")


def _successor(request: TokenRequest, tenant: str, grant: Grant, handle: str) -> str | None:
    """What takes the token's place. None: it stays, of use to nobody but a confidential client that proves its key with
    every request (contract section 3; FAPI 2.0 Security Profile §5.3.2.1).
    """
    if request.client.sender_constrained and not request.client.public:
        return None
    store = request.transaction.of(tenant)
    _require_fresh(request, tenant, store.use_refresh(handle, request.now), grant)
    successor = new_handle()
    store.add_refresh(successor, grant.id, grant.expires_at)
    return successor


def _touch(request: TokenRequest, grant: Grant, session: Session) -> None:
    """An app that refreshes keeps the session from going idle; its absolute end stays."""
    if not grant.offline and request.now - session.last_seen >= TOUCH_EVERY:
        request.transaction.of(session.tenant).touch_session(session.sid, request.now)
