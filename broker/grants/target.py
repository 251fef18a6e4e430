"""What the APIs that a token is for make of it: its scope, its roles, its lifetime, its signature."""

from __future__ import annotations

from dataclasses import replace

from broker.errors import InvalidTarget
from broker.grants.request import TokenRequest
from broker.model import Api, Authorization, Terms
from broker.oauth2 import audiences
from broker.tokens.access import AccessToken


def audience(request: TokenRequest, terms: Terms, tenant: str) -> tuple[str, ...]:
    """Of what was granted, what the request names by `resource` (RFC 8707 §2.2); changes nothing, so ask it first.

    Raises InvalidTarget: those of `require`, of `audiences.resources` and `audiences.narrowed`.
    """
    asked = audiences.resources(request.configuration, request.client, request.resources)
    held = terms.resources or default(request)
    return require(request, audiences.narrowed(held, asked), tenant)


def default(request: TokenRequest) -> tuple[str, ...]:
    """Whom a client's tokens are for where it names nobody (contract section 3)."""
    return (request.client.audience or request.issuer,)


def require(request: TokenRequest, wanted: tuple[str, ...], tenant: str | None) -> tuple[str, ...]:
    """Raises InvalidTarget: target_tenant, target_together."""
    if tenant is not None:
        audiences.require_tenant(request.configuration, wanted, tenant)
    if len(_algorithms(audiences.apis(request.configuration, wanted))) > 1:  # one token has one signature
        raise InvalidTarget("target_together", "These resources want tokens of their own: ask for one at a time.")
    return wanted


def aimed(request: TokenRequest, authorization: Authorization, audience: tuple[str, ...]) -> Authorization:
    """The authorization for this audience, as it wants it; `require` has been asked."""
    configuration = request.configuration
    meant = audiences.apis(configuration, audience)
    ends = [request.now + api.access_token for api in meant if api.access_token is not None]
    ends += [] if authorization.expires_at is None else [authorization.expires_at]
    return replace(
        authorization,
        audience=audience,
        scope=audiences.scopes(configuration, audience, authorization.scope),
        api_roles=audiences.roles(configuration, audience, authorization.roles) if meant else None,
        access_token_alg=next(iter(_algorithms(meant)), None),
        expires_at=min(ends, default=None),
    )


def exchanged(request: TokenRequest, token: AccessToken) -> tuple[str, ...]:
    """One API: who may exchange for it stands in its file; a client's own token may also be narrowed.

    Raises InvalidTarget: target_several, target_missing, target_unknown, target_not_allowed.
    """
    named, own = _named(request), token.client_id == request.client.client_id
    if not named and not own:
        raise InvalidTarget("target_missing", "Name the API by resource or audience.")
    for one in named:
        if not (own and one in token.audience):
            _require_exchangeable(request, one)
    return named or token.audience


def introduced(request: TokenRequest) -> tuple[str, ...]:
    """The caller's own audience, or an API that lets it exchange. Raises InvalidTarget as `exchanged` does."""
    named, own = _named(request), default(request)
    for one in named:
        if one not in own:
            _require_exchangeable(request, one)
    return named or own


def _named(request: TokenRequest) -> tuple[str, ...]:
    named = tuple(dict.fromkeys((*audiences.uris(request.resources), *filter(None, request.audiences))))
    if len(named) > 1:
        raise InvalidTarget("target_several", "Name one API: each gets a token of its own.")
    return named


def _require_exchangeable(request: TokenRequest, audience: str) -> None:
    api = request.configuration.apis.get(audience)
    if api is None:
        raise InvalidTarget("target_unknown", "There is no such resource here.")
    if request.client.client_id not in api.exchanging:
        raise InvalidTarget("target_not_allowed", "This client may not exchange tokens for this resource.")


def _algorithms(meant: tuple[Api, ...]) -> set[str | None]:
    return {api.access_token_alg for api in meant}
