"""Signed request objects (RFC 9101, OIDC Core §6.1): an authorization request that nobody on the way can change.

Only what is inside counts (RFC 9101 §6.3). Encrypted objects and those at somebody's address are refused elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from broker import jose
from broker.errors import InvalidRequestObject, OAuthError, RequestNotSupported, TokenRejected
from broker.model import Client
from broker.oauth2.parameters import MAY_REPEAT, Parameters, one

ALGORITHMS = ("PS256", "ES256", "EdDSA", "RS256")
FAPI2_ALGORITHMS = ("PS256", "ES256", "EdDSA")  # FAPI 2.0 Security Profile §5.4.1
SKEW = 30  # seconds that a client's clock may be ahead of ours
LONGEST_LIFE = 3600  # seconds until `exp`; with `profile: fapi2` from `nbf` to `exp`, and since `nbf`
_TYPES = ("oauth-authz-req+jwt", "jwt", None)
_OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_TEXTS = frozenset(
    {"client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "response_mode", "prompt", "max_age"}
    | {"code_challenge", "code_challenge_method", "acr_values", "id_token_hint", "login_hint", "domain_hint"}
    | {"tenant", "idp", "dpop_jkt", "ui_locales", "request", "request_uri"}
)

Claims = Mapping[str, object]


class Keys(Protocol):
    def keyset(self, client: Client, kid: str | None) -> jose.KeySet: ...


class RequestObjects:
    def __init__(self, issuer: str, keys: Keys) -> None:
        self._issuer = issuer
        self._keys = keys

    def read(self, client: Client, unverified_object: str, outside: Parameters, at: int) -> Parameters:
        """The parameters inside. at: the moment that its times are compared with, epoch seconds.

        Raises RequestNotSupported: request_unsigned. InvalidRequestObject: request_iss, request_aud, request_exp,
        request_expired, request_nbf, request_too_early, request_lifetime, request_sub, request_client_id,
        request_response_type, request_member, and `request_` before a reason of `jose.verify`.
        TemporarilyUnavailable where the client's keys cannot be fetched.
        """
        try:
            claims = self._verified(client, unverified_object)
        except TokenRejected as refused:
            raise InvalidRequestObject(f"request_{refused.reason}", detail=refused.detail) from refused
        _require_issuer(claims, client)
        _require_audience(claims, self._issuer)
        _require_unexpired(claims, at)
        _require_begun(claims, client, at)
        _require_short_life(claims, client, at)
        _require_no_subject(claims, client)
        _require_same(claims, outside)
        return {**_parameters(claims), "client_id": (client.client_id,)}

    def _verified(self, client: Client, unverified_object: str) -> Claims:
        header = jose.peek(unverified_object).header
        if header["alg"] == "none":
            raise _unsigned(client)
        kid = header.get("kid")
        keys = self._keys.keyset(client, kid if isinstance(kid, str) else None)
        algorithms = FAPI2_ALGORITHMS if client.fapi2 else ALGORITHMS
        return jose.verify(unverified_object, keys, algorithms, types=_TYPES)


def _unsigned(client: Client) -> OAuthError:
    """A client that must sign did it wrong; another asked for something that there is not (OIDC Core §6)."""
    if client.require_signed_request:
        return InvalidRequestObject("request_unsigned", "The request object must be signed.")
    return RequestNotSupported("request_unsigned")


def _require_issuer(claims: Claims, client: Client) -> None:
    if claims.get("iss") != client.client_id:
        raise InvalidRequestObject("request_iss", "iss of the request object must be the client_id.")


def _require_audience(claims: Claims, issuer: str) -> None:
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidRequestObject("request_aud", "aud of the request object must name this issuer.")


def _require_unexpired(claims: Claims, at: int) -> None:
    exp = _instant(claims, "exp")
    if exp is None:
        raise InvalidRequestObject("request_exp", "The request object needs exp, in seconds since 1970.")
    if at >= exp:
        raise InvalidRequestObject("request_expired", "The request object has expired.")


def _require_begun(claims: Claims, client: Client, at: int) -> None:
    nbf = _instant(claims, "nbf")
    if nbf is None and ("nbf" in claims or client.fapi2):
        raise InvalidRequestObject("request_nbf", "The request object needs nbf, in seconds since 1970.")
    if nbf is not None and nbf > at + SKEW:
        raise InvalidRequestObject("request_too_early", "nbf of the request object is in the future.")


def _require_short_life(claims: Claims, client: Client, at: int) -> None:
    """Whoever finds one can use it for an hour at most. FAPI 2.0 Message Signing §5.3.1: from `nbf` on."""
    exp, nbf = _instant(claims, "exp") or 0, _instant(claims, "nbf")
    begun = nbf if client.fapi2 and nbf is not None else at + SKEW
    if exp - begun > LONGEST_LIFE or at - begun > LONGEST_LIFE:
        raise InvalidRequestObject("request_lifetime", "A request object may be good for 60 minutes at most.")


def _require_no_subject(claims: Claims, client: Client) -> None:
    """RFC 9101 §10.8: a request object must be of no use as a client assertion, and none of those as one."""
    if claims.get("sub") == client.client_id:
        raise InvalidRequestObject("request_sub", "sub of a request object may not be the client_id.")


def _require_same(claims: Claims, outside: Parameters) -> None:
    """OIDC Core §6.1: what stands outside as well must be the same."""
    if claims.get("client_id", one(outside, "client_id")) != one(outside, "client_id"):
        raise InvalidRequestObject("request_client_id", "client_id differs inside and outside the request object.")
    response_type = one(outside, "response_type")
    if response_type is not None and claims.get("response_type") != response_type:
        raise InvalidRequestObject(
            "request_response_type", "response_type differs inside and outside the request object."
        )


def _instant(claims: Claims, name: str) -> int | None:
    value = claims.get(name)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _parameters(claims: Claims) -> Parameters:
    """Members as if they had come by themselves; what no request can hold and nobody knows is ignored."""
    read = {name: _values(name, value) for name, value in claims.items() if name not in _OF_THE_JWT}
    return {name: values for name, values in read.items() if values is not None}


def _values(name: str, value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,)
    if name == "max_age" and isinstance(value, int) and not isinstance(value, bool):
        return (str(value),)
    if name == "claims" and isinstance(value, dict):
        return (json.dumps(value),)
    if name in MAY_REPEAT and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if name in _TEXTS or name in MAY_REPEAT or name == "claims":
        raise InvalidRequestObject("request_member", f"{name} in the request object is of the wrong type.")
    return None
