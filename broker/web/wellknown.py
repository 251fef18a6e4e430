"""What we say of ourselves: discovery (OIDC Discovery 1.0, RFC 8414) and public keys. Nothing that does not work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from flask import Blueprint, Response, request

from broker import assurance
from broker.clients import ASSERTION_ALGORITHMS, BY_CERTIFICATE, DPOP_ALGORITHMS, METHODS, request_object
from broker.grants import GRANTS
from broker.oauth2 import pkce, scopes
from broker.oauth2.request import PROMPTS, RESPONSE_TYPES
from broker.oauth2.return_address import RESPONSE_MODES
from broker.store.records import StoredKey
from broker.tokens.keys import KeyRing, Published
from broker.tokens.pairwise import SUBJECT_TYPES
from broker.tokens.rotation import JWKS_MAX_AGE
from broker.web.cors import open_to_all

TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "sid", "at_hash", "jti")
BROKER_CLAIMS = ("tenant", "roles", "idp", "cfg", "email_verified")


def metadata(issuer: str, algorithms: Collection[str], *, certificates: bool) -> dict[str, object]:
    """The document of both discovery addresses; every list comes from the code that obeys it.

    certificates: a proxy tells us those of TLS clients (RFC 8705).
    """
    authentication = [*METHODS, *(BY_CERTIFICATE if certificates else ())]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": False,
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": list(scopes.SUPPORTED),
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": list(SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": list(algorithms),
        "userinfo_signing_alg_values_supported": list(algorithms),
        "token_endpoint_auth_methods_supported": authentication,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [name for name in authentication if name != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_signing_alg_values_supported": list(algorithms),
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": certificates,
        "acr_values_supported": list(assurance.ACR_VALUES),
        "code_challenge_methods_supported": list(pkce.METHODS),
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": [*TOKEN_CLAIMS, *BROKER_CLAIMS, *(c for names in scopes.CLAIMS_OF.values() for c in names)],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(request_object.ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }


@dataclass(frozen=True, slots=True)
class WellKnown:
    """`discovery` is made once a process; `keys` answers from memory."""

    discovery: Published
    keys: KeyRing[StoredKey]

    @classmethod
    def of(
        cls, issuer: str, algorithms: Collection[str], keys: KeyRing[StoredKey], *, certificates: bool = False
    ) -> WellKnown:
        body = json.dumps(metadata(issuer, algorithms, certificates=certificates), separators=(",", ":")).encode()
        return cls(Published(body, hashlib.sha256(body).hexdigest()[:32]), keys)

    def blueprint(self) -> Blueprint:
        routes = Blueprint("wellknown", __name__)
        for path in ("openid-configuration", "oauth-authorization-server"):
            routes.add_url_rule(f"/.well-known/{path}", path, self.show_discovery, methods=["GET"])
        routes.add_url_rule("/jwks", "jwks", self.show_keys, methods=["GET"])
        routes.after_request(open_to_all)
        return routes

    def show_discovery(self) -> Response:
        return _published(self.discovery, "application/json")

    def show_keys(self) -> Response:
        return _published(self.keys.jwks(), "application/jwk-set+json")


def _published(document: Published, media_type: str) -> Response:
    response = Response(document.body, mimetype=media_type)
    response.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE}"
    response.set_etag(document.etag)
    response.make_conditional(request)  # 304 where If-None-Match names this very document
    return response
