"""What we ask of the provider (OpenID Connect Core §3.1.2.1), and what its profile says it understands."""

from __future__ import annotations

import json
from collections.abc import Mapping

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from broker import assurance
from broker.model import AuthRequest, IdentityProvider, OidcSettings


def parameters(
    idp: IdentityProvider, settings: OidcSettings, request: AuthRequest, *, nonce: str, verifier: str
) -> Mapping[str, str]:
    """All of the authorization request but client, response type and redirect URI. Ours win over configured ones."""
    prompt = prompt_of(idp, request) or settings.authorize.get("prompt")
    age = max_age(request)
    asked = {
        "scope": " ".join(settings.scopes or idp.profile.scopes),
        "state": request.id,
        "response_mode": settings.response_mode,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
        "prompt": prompt,
        "max_age": None if age is None else str(age),
        "resource": settings.resource,
        "acr_values": " ".join(settings.acr_values),
        "claims": settings.claims_request,
        **(_several_factors(idp, settings) if request.multi_factor else {}),
        "hd": _hosted_domain(settings),
        **_hints(idp, request, prompt),
    }
    return {**settings.authorize, **{name: value for name, value in asked.items() if value}}


def max_age(request: AuthRequest) -> int | None:
    """Seconds since the person last authenticated that the IdP may accept; None: as long ago as it likes."""
    if "login" in request.prompt or (request.reauthenticate and request.max_age is None):
        return 0
    return request.max_age


def prompt_of(idp: IdentityProvider, request: AuthRequest) -> str | None:
    """What the client asked, as far as this IdP understands it; fresh authentication is asked of every IdP."""
    wanted = set(request.prompt & set(idp.profile.prompts))
    if max_age(request) == 0:
        wanted.add("login")
    return " ".join(sorted(wanted)) or None


def _several_factors(idp: IdentityProvider, settings: OidcSettings) -> Mapping[str, str | None]:
    """What asks for them here. An acr that the operator asks for anyway stays; contexts join the other claims."""
    contexts, claims = assurance.contexts(idp), settings.claims_request
    if contexts:
        asked = json.loads(claims or "{}")
        wanted = {"values": list(contexts)} if len(contexts) > 1 else {"value": contexts[0]}
        of_token = {"acrs": {"essential": True, **wanted}, **(asked.get("id_token") or {})}
        claims = json.dumps({**asked, "id_token": of_token}, separators=(",", ":"), sort_keys=True)
    acr_values = " ".join(settings.acr_values or assurance.classes(idp))
    return {**assurance.parameters(idp), "acr_values": acr_values, "claims": claims}


def _hints(idp: IdentityProvider, request: AuthRequest, prompt: str | None) -> Mapping[str, str | None]:
    """A person who shall choose the account is not told which one: Entra refuses the two together."""
    heard = {"login_hint": request.login_hint, "domain_hint": request.domain_hint}
    if prompt is not None and "select_account" in prompt.split():
        del heard["login_hint"]
    return {name: value for name, value in heard.items() if name in idp.profile.hints}


def _hosted_domain(settings: OidcSettings) -> str | None:
    """Google's own hint; `*` is any Workspace domain. It filters accounts on a page and proves nothing."""
    return settings.hosted_domains[0] if len(settings.hosted_domains) == 1 else "*" if settings.hosted_domains else None
