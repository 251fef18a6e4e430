"""The checks of /authorize, in two columns.

`prove_client` proves client and redirect URI: what fails there is a page, never a redirect (RFC 6749 §4.1.2.1).
`parse` proves the rest: what fails there may return to that redirect URI with `error`, `state` and `iss`.
One function a check, one reason a check.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from broker.errors import (
    InvalidRequest,
    LoginRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    ShownError,
    TokenRejected,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from broker.model import AuthRequest, Client, Configuration
from broker.oauth2 import pkce, redirect_uris, scopes
from broker.oauth2.parameters import Parameters, one, repeated, too_long
from broker.oauth2.redirect_uris import Match

RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query",)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
LONGEST_STATE = 4096  # characters
LONGEST_NONCE = 2048
LONGEST_HINT = 512
LONGEST_VALUE = 16384
_MAX_AGE = re.compile(r"[0-9]{1,10}", re.ASCII)
_TENANT_ACR = "tenant:"


@dataclass(frozen=True, slots=True)
class ProvenClient:
    """Where an answer may go. `label`: what stood for `{tenant}` in the redirect URI."""

    client: Client
    redirect_uri: str
    state: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """An ID token that we signed once; it may have expired since."""

    client_id: str
    sub: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The proven request, and its three ways to name the active tenant, which home realm compares and proves."""

    request: AuthRequest
    tenant_parameter: str | None
    tenant_acr: str | None
    redirect_label: str | None


def prove_client(unverified: Parameters, configuration: Configuration) -> ProvenClient:
    """The first column. Raises ShownError: repeated, client_id, redirect_uri, tenant_label, state_size."""
    _require_single_before_redirect(unverified)
    client = _client(unverified, configuration)
    try:
        redirect_uri, match = _redirect_uri(unverified, client)
        _require_usable_label(match, client, configuration)
        state = _state(unverified)
    except ShownError as refused:
        raise refused.about(client_id=client.client_id) from None
    return ProvenClient(client, redirect_uri, state, match.label)


def parse(
    unverified: Parameters,
    proven: ProvenClient,
    *,
    request_id: str,
    reference: str,
    now: int,
    read_hint: Callable[[str], IdTokenHint],
) -> ParsedRequest:
    """The second column. Raises OAuthError, each check with its own reason; `read_hint` raises TokenRejected."""
    _require_single(unverified)
    _require_size(unverified)
    _require_no_request_object(unverified)
    _require_response_type(unverified, proven.client)
    _require_response_mode(unverified)
    scope = scopes.granted(scopes.read(one(unverified, "scope")), proven.client)
    code_challenge = _code_challenge(unverified, proven.client)
    nonce = _nonce(unverified)
    prompt = _prompt(unverified)
    max_age = _max_age(unverified)
    tenant_acr, acr_values = _acr_values(unverified)
    hint = _hint(unverified, prompt, read_hint)
    request = AuthRequest(
        id=request_id,
        client_id=proven.client.client_id,
        redirect_uri=proven.redirect_uri,
        scope=scope,
        created_at=now,
        state=proven.state,
        nonce=nonce,
        code_challenge=code_challenge,
        prompt=prompt,
        max_age=max_age,
        login_hint=_short(unverified, "login_hint"),
        domain_hint=_short(unverified, "domain_hint"),
        acr_values=acr_values,
        ui_locales=_short(unverified, "ui_locales"),
        asked_idp=_short(unverified, "idp"),
        id_token_hint_sub=hint.sub if hint else None,
        id_token_hint_sid=hint.sid if hint else None,
        reference=reference,
    )
    return ParsedRequest(request, one(unverified, "tenant"), tenant_acr, proven.label)


# The first column: a page.


def _require_single_before_redirect(unverified: Parameters) -> None:
    """RFC 6749 §3.1: of two client ids, redirect URIs or states none is the right one."""
    for name in ("client_id", "redirect_uri", "state"):
        if len(unverified.get(name, ())) > 1:
            raise ShownError("repeated", f"The application sent {name} more than once. Tell its developers.")


def _client(unverified: Parameters, configuration: Configuration) -> Client:
    client = configuration.clients.get(one(unverified, "client_id") or "")
    if client is None:
        raise ShownError("client_id", "This application is not registered here. Tell its developers.")
    return client


def _redirect_uri(unverified: Parameters, client: Client) -> tuple[str, Match]:
    """RFC 9700 §2.1: exact comparison; it must be sent even where only one is registered."""
    redirect_uri = one(unverified, "redirect_uri")
    if redirect_uri is None:
        raise ShownError("redirect_uri", "The application sent no redirect_uri. Tell its developers.")
    match = redirect_uris.match(client.redirect_uris, redirect_uri, any_loopback_port=client.public)
    if match is None:
        raise ShownError("redirect_uri", "The application asked for an address that is not registered for it.")
    return redirect_uri, match


def _require_usable_label(match: Match, client: Client, configuration: Configuration) -> None:
    """A host label of no tenant proves no redirect URI: nothing may be sent there, not even an error."""
    if match.label is None:
        return
    tenant = configuration.tenants.get(configuration.labels.get(match.label, ""))
    if tenant is None or not tenant.active or not client.may_use(tenant.id):
        raise ShownError("tenant_label", "The application asked for an address that is not registered for it.")


def _state(unverified: Parameters) -> str | None:
    """Returned unchanged; longer than any browser's redirect can carry is refused before anything else is done."""
    state = one(unverified, "state")
    if state is not None and len(state) > LONGEST_STATE:
        raise ShownError("state_size", "The application sent too long a state. Tell its developers.")
    return state


# The second column: back to the client.


def _require_single(unverified: Parameters) -> None:
    if repeated(unverified) is not None:
        raise InvalidRequest("repeated", "A parameter was sent more than once.")


def _require_size(unverified: Parameters) -> None:
    if too_long(unverified, LONGEST_VALUE) is not None:
        raise InvalidRequest("size", "A parameter is too long.")


def _require_no_request_object(unverified: Parameters) -> None:
    """OIDC Core §6: neither by value nor by reference; nothing is fetched."""
    if one(unverified, "request") is not None:
        raise RequestNotSupported("request")
    if one(unverified, "request_uri") is not None:
        raise RequestUriNotSupported("request_uri")


def _require_response_type(unverified: Parameters, client: Client) -> None:
    response_type = one(unverified, "response_type")
    if response_type is None:
        raise InvalidRequest("response_type_missing", "Send response_type=code.")
    if response_type not in RESPONSE_TYPES:
        raise UnsupportedResponseType("response_type")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("grant_not_allowed")


def _require_response_mode(unverified: Parameters) -> None:
    response_mode = one(unverified, "response_mode")
    if response_mode is not None and response_mode not in RESPONSE_MODES:
        raise InvalidRequest("response_mode", "This response_mode is not supported; use query.")


def _code_challenge(unverified: Parameters, client: Client) -> str | None:
    required = client.public or client.pkce_required
    method = one(unverified, "code_challenge_method")
    return pkce.challenge(one(unverified, "code_challenge"), method, required=required)


def _nonce(unverified: Parameters) -> str | None:
    nonce = one(unverified, "nonce")
    if nonce is not None and len(nonce) > LONGEST_NONCE:
        raise InvalidRequest("nonce_size", "The nonce is too long.")
    return nonce


def _prompt(unverified: Parameters) -> frozenset[str]:
    """OIDC Core §3.1.2.1: `none` stands alone."""
    prompt = frozenset((one(unverified, "prompt") or "").split())
    if not prompt <= PROMPTS:
        raise InvalidRequest("prompt_unknown", "prompt has a value that is not supported.")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt_none", "prompt=none may not be combined with another prompt.")
    return prompt


def _max_age(unverified: Parameters) -> int | None:
    max_age = one(unverified, "max_age")
    if max_age is None:
        return None
    if _MAX_AGE.fullmatch(max_age) is None:
        raise InvalidRequest("max_age", "max_age must be a whole number of seconds.")
    return int(max_age)


def _acr_values(unverified: Parameters) -> tuple[str | None, tuple[str, ...]]:
    """`tenant:<id>` names the active tenant; the rest are the client's wishes (OIDC Core §3.1.2.1: voluntary)."""
    words = tuple(dict.fromkeys((_short(unverified, "acr_values") or "").split()))
    tenants = [word.removeprefix(_TENANT_ACR) for word in words if word.startswith(_TENANT_ACR)]
    if len(tenants) > 1:
        raise InvalidRequest("acr_tenants", "acr_values names more than one tenant.")
    return next(iter(tenants), None), tuple(word for word in words if not word.startswith(_TENANT_ACR))


def _hint(
    unverified: Parameters, prompt: frozenset[str], read_hint: Callable[[str], IdTokenHint]
) -> IdTokenHint | None:
    """A hint that proves nothing is no hint; without interaction nobody can then be told to be that person."""
    token = one(unverified, "id_token_hint")
    if token is None:
        return None
    try:
        return read_hint(token)
    except TokenRejected as refused:
        if "none" in prompt:
            raise LoginRequired("id_token_hint", detail=refused.reason) from refused
        return None


def _short(unverified: Parameters, name: str) -> str | None:
    """A hint decides nothing, so one that is too long to be true is ignored."""
    value = one(unverified, name)
    return value if value is not None and len(value) <= LONGEST_HINT else None
