"""The checks of /authorize and /par, in two columns.

`return_address` proves client and redirect URI: what fails there is a page, never a redirect (RFC 6749 §4.1.2.1).
`parse` proves the rest: what fails there may return to that redirect URI with `error`, `state` and `iss`.
One function a check, one reason a check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from broker.errors import (
    InvalidRequest,
    LoginRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    TokenRejected,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from broker.model import AuthRequest, Client, Configuration, Terms
from broker.model.sign_in import ANY_AGE
from broker.oauth2 import audiences, claims_parameter, pkce, scopes
from broker.oauth2.claims_parameter import ClaimsRequest
from broker.oauth2.parameters import Parameters, one, repeated, too_long
from broker.oauth2.return_address import ProvenClient, may_answer_by

RESPONSE_TYPES = ("code",)
PROMPTS = ("none", "login", "consent", "select_account")
LONGEST_NONCE = 2048  # characters
LONGEST_HINT = 512
LONGEST_VALUE = 16384
_MAX_AGE = re.compile(r"[0-9]{1,10}", re.ASCII)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_TENANT_ACR = "tenant:"


@dataclass(frozen=True, slots=True)
class Came:
    """How the parameters came. pushed: the handle that /par gave for them; signed: inside a request object.

    device: the user code of the device that sent them, to which no redirect URI leads back (RFC 8628).
    cnf: the key that the client proved to hold when it pushed them (RFC 9449 §10.1).
    """

    pushed: str | None = None
    signed: bool = False
    device: str | None = None
    cnf: Mapping[str, str] = field(default_factory=dict)


PLAINLY = Came()


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """An ID token that we signed once; it may have expired since."""

    client_id: str
    sub: str
    sid: str | None


class Hints(Protocol):
    """Whom a client means by what it was told of them; our own names. Both raise TokenRejected."""

    def hint(self, unverified_token: str, configuration: Configuration) -> IdTokenHint: ...
    def subject(self, unverified_sub: str, client: Client) -> str: ...


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The proven request, and its three ways to name the active tenant, which home realm compares and proves."""

    request: AuthRequest
    tenant_parameter: str | None
    tenant_acr: str | None
    redirect_label: str | None


def parse(
    unverified: Parameters,
    proven: ProvenClient,
    configuration: Configuration,
    *,
    reference: str,
    now: int,
    hints: Hints,
    came: Came = PLAINLY,
) -> ParsedRequest:
    """The second column. Raises OAuthError, each check with its own reason."""
    client = proven.client
    _require_single(unverified)
    _require_size(unverified)
    _require_no_request_object(unverified)
    if came.device is None:
        _require_way_back(unverified, proven, came)
    scope = scopes.granted(scopes.read(one(unverified, "scope")), client)
    prompt = _prompt(unverified)
    claims = claims_parameter.read(one(unverified, "claims"), client)
    max_age = _max_age(unverified, claims)
    tenant_acr, acr_values = _acr_values(unverified)
    hint = _hint(unverified, client, prompt, configuration, hints)
    request = AuthRequest(
        id="",  # named when it leaves for an IdP
        client_id=client.client_id,
        redirect_uri=proven.redirect_uri,
        response_mode=proven.response_mode,
        scope=scope,
        created_at=now,
        state=proven.state,
        nonce=_nonce(unverified),
        code_challenge=_code_challenge(unverified, client) if came.device is None else None,
        prompt=prompt,
        max_age=max_age,
        login_hint=_short(unverified, "login_hint"),
        domain_hint=_short(unverified, "domain_hint"),
        acr_values=tuple(dict.fromkeys((*acr_values, *claims.acr_values))),
        essential_acr=claims.essential_acr,
        ui_locales=_short(unverified, "ui_locales"),
        asked_idp=_short(unverified, "idp"),
        id_token_hint_sub=_person(hint, _subject(claims, client, hints)),
        id_token_hint_sid=hint.sid if hint else None,
        terms=_terms(unverified, client, configuration, claims, came),
        pushed=came.pushed,
        device=came.device,
        reference=reference,
    )
    return ParsedRequest(request, one(unverified, "tenant"), tenant_acr, proven.label)


def _require_way_back(unverified: Parameters, proven: ProvenClient, came: Came) -> None:
    """Of a request that a browser brings, and that takes a code back."""
    _require_pushed(proven.client, came)
    _require_signed(proven.client, came)
    _require_response_type(unverified, proven.client)
    _require_response_mode(unverified, proven)


def _require_single(unverified: Parameters) -> None:
    if repeated(unverified) is not None:
        raise InvalidRequest("repeated", "A parameter was sent more than once.")


def _require_size(unverified: Parameters) -> None:
    if too_long(unverified, LONGEST_VALUE) is not None:
        raise InvalidRequest("size", "A parameter is too long.")


def _require_no_request_object(unverified: Parameters) -> None:
    """What was inside one holds no other (RFC 9101 §4); a reference of somebody else's is never fetched."""
    if one(unverified, "request") is not None:
        raise RequestNotSupported("request")
    if one(unverified, "request_uri") is not None:
        raise RequestUriNotSupported("request_uri")


def _require_pushed(client: Client, came: Came) -> None:
    """RFC 9126 §6"""
    if client.require_par and came.pushed is None:
        raise InvalidRequest("par_required", "Send this request to the pushed authorization request endpoint first.")


def _require_signed(client: Client, came: Came) -> None:
    """RFC 9101 §10.5"""
    if client.require_signed_request and not came.signed:
        raise InvalidRequest("request_object_required", "Send the parameters in a signed request object.")


def _require_response_type(unverified: Parameters, client: Client) -> None:
    response_type = one(unverified, "response_type")
    if response_type is None:
        raise InvalidRequest("response_type_missing", "Send response_type=code.")
    if response_type not in RESPONSE_TYPES:
        raise UnsupportedResponseType("response_type")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("grant_not_allowed")


def _require_response_mode(unverified: Parameters, proven: ProvenClient) -> None:
    asked = one(unverified, "response_mode") or "query"
    if not may_answer_by(asked, proven.client, proven.redirect_uri):
        modes = " or ".join(proven.client.response_modes)
        raise InvalidRequest("response_mode", f"This client may use response_mode {modes} only.")


def _code_challenge(unverified: Parameters, client: Client) -> str | None:
    required = client.public or client.pkce_required or client.fapi2
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
    if not prompt <= set(PROMPTS):
        raise InvalidRequest("prompt_unknown", "prompt has a value that is not supported.")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt_none", "prompt=none may not be combined with another prompt.")
    return prompt


def _max_age(unverified: Parameters, claims: ClaimsRequest) -> int | None:
    """An essential `auth_time` must be known, whenever it was (OIDC Core §5.5.1)."""
    max_age = one(unverified, "max_age")
    if max_age is None:
        return ANY_AGE if claims.auth_time else None
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
    unverified: Parameters, client: Client, prompt: frozenset[str], configuration: Configuration, hints: Hints
) -> IdTokenHint | None:
    """A hint that proves nothing is no hint; without interaction nobody can then be told to be that person."""
    token = one(unverified, "id_token_hint")
    if token is None:
        return None
    try:
        return _of_sector(hints.hint(token, configuration), client, configuration)
    except TokenRejected as refused:
        if "none" in prompt:
            raise LoginRequired("id_token_hint", detail=refused.reason) from refused
        return None


def _of_sector(hint: IdTokenHint, client: Client, configuration: Configuration) -> IdTokenHint:
    """OIDC Core §8.1: two sectors must not learn here that their names are one person's. Raises TokenRejected."""
    told = configuration.clients.get(hint.client_id)
    if (told.sector if told else None) != client.sector:
        raise TokenRejected("sector")
    return hint


def _subject(claims: ClaimsRequest, client: Client, hints: Hints) -> str | None:
    """Whom nobody can be is not asked for: the answer would be the same for everybody who signs in."""
    if claims.sub is None:
        return None
    try:
        return hints.subject(claims.sub, client)
    except TokenRejected as refused:
        raise LoginRequired("claims_sub_unknown", "claims asks for somebody who is not known here.") from refused


def _person(hint: IdTokenHint | None, subject: str | None) -> str | None:
    """The one person that the client means, by either way to say so (OIDC Core §3.1.2.1, §5.5.1)."""
    if hint is not None and subject is not None and hint.sub != subject:
        raise InvalidRequest("two_persons", "id_token_hint and claims name different persons.")
    return hint.sub if hint is not None else subject


def _terms(
    unverified: Parameters, client: Client, configuration: Configuration, claims: ClaimsRequest, came: Came
) -> Terms:
    return Terms(
        resources=audiences.resources(configuration, client, unverified.get("resource", ())),
        id_token_claims=claims.id_token,
        userinfo_claims=claims.userinfo,
        cnf=_bound_to(unverified, came),
    )


def _bound_to(unverified: Parameters, came: Came) -> Mapping[str, str]:
    """The key that the code and its tokens are bound to (RFC 9449 §10): named, or proven when pushed, or both."""
    named, proven = one(unverified, "dpop_jkt"), came.cnf.get("jkt")
    if named is not None and _THUMBPRINT.fullmatch(named) is None:
        raise InvalidRequest("dpop_jkt", "dpop_jkt must be the base64url SHA-256 thumbprint of a key.")
    if named is not None and proven is not None and named != proven:
        raise InvalidRequest("dpop_jkt_mismatch", "dpop_jkt is not the key of the DPoP proof.")
    bound = named or proven
    return {} if bound is None else {"jkt": bound}


def _short(unverified: Parameters, name: str) -> str | None:
    """A hint decides nothing, so one that is too long to be true is ignored."""
    value = one(unverified, name)
    return value if value is not None and len(value) <= LONGEST_HINT else None
