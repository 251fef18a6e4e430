"""grant_type=client_credentials (RFC 6749 §4.4): an application that speaks for itself, perhaps in a tenant."""

from __future__ import annotations

from dataclasses import replace

from broker import policy
from broker.errors import AccessDenied, InvalidRequest, InvalidScope, UnauthorizedClient
from broker.grants import target
from broker.grants.request import Granted, TokenRequest, new_handle
from broker.model import Authorization, Client, Terms
from broker.oauth2 import audiences, scopes


def client_credentials(request: TokenRequest) -> Granted:
    """No refresh token, no ID token (RFC 6749 §4.4.3; contract section 3).

    Raises UnauthorizedClient: client_public, tenant_unknown, tenant_suspended, client_tenant, client_not_allowed.
    InvalidRequest: tenant_missing. InvalidScope: scope. InvalidTarget: those of `audiences` and `target`.
    """
    client = request.client
    _require_confidential(client)
    service = _service(request)
    asked = audiences.resources(request.configuration, client, request.resources)
    tenant = service.tenant.id if service else None
    audience = target.require(request, asked or target.default(request), tenant)
    authorization = Authorization(
        client_id=client.client_id,
        grant_id=new_handle(),
        tenant=tenant,
        sub=client.client_id,
        scope=own_scopes(client),
        claims={},
        roles=service.roles if service else (),
        audience=audience,
        revision=request.configuration.revision,
        terms=Terms(resources=asked, cnf=request.cnf),
        workload=True,
    )
    authorization = target.aimed(request, authorization, audience)
    return Granted(_with_scope(authorization, request.form.get("scope")), "workload.token_issued")


def own_scopes(client: Client) -> tuple[str, ...]:
    """What a client may say of itself: its scopes without OpenID Connect's, which speak of people."""
    return tuple(scope for scope in client.scopes if scope not in scopes.SUPPORTED)


def _require_confidential(client: Client) -> None:
    """RFC 6749 §4.4: who cannot prove itself cannot speak for itself."""
    if client.public:
        raise UnauthorizedClient("client_public", "A public client cannot have tokens of its own.")


def _service(request: TokenRequest) -> policy.Service | None:
    """The client in the tenant that the token will speak for (contract section 3); None: in none."""
    client, configuration = request.client, request.configuration
    asked = request.form.get("tenant")
    if asked is None and not client.tenant_claims:
        return None
    if asked is None and client.tenants is not None and len(client.tenants) == 1:
        asked = client.tenants[0]
    if asked is None:
        raise InvalidRequest("tenant_missing", "Send tenant: this client works for several organisations.")
    try:
        return policy.admit_workload(configuration, client.client_id, asked)
    except AccessDenied as refused:  # one answer: a client is not told which organisations there are
        error = UnauthorizedClient(refused.reason, "This client may not work for this organisation.")
        raise error.about(tenant=asked if asked in configuration.tenants else None) from refused


def _with_scope(authorization: Authorization, unverified_scope: str | None) -> Authorization:
    """Everything where nothing is asked (RFC 6749 §3.3); what the client does not have is left out."""
    asked = scopes.read(unverified_scope)
    kept = tuple(scope for scope in asked if scope in authorization.scope)
    if asked and not kept:
        raise InvalidScope("scope")
    return replace(authorization, scope=kept or authorization.scope)
