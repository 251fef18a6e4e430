"""How we prove ourselves at a token endpoint: RFC 6749 §2.3.1, or a signed assertion (RFC 7523 §2.2)."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

from broker import jose
from broker.connectors.connector import RpKey
from broker.errors import UpstreamUnavailable
from broker.model import OidcSettings, Secret

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes into the request: header fields and form fields."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


def prove(settings: OidcSettings, endpoint: str, key: Callable[[], RpKey], now: float) -> Proof:
    """As `settings.client_auth` says. Raises UpstreamUnavailable `client_secret_missing`, and what `key` raises."""
    if settings.client_auth == "private_key_jwt":
        assertion = _assertion(settings, endpoint, key(), int(now))
        named = {"client_id": settings.client_id, "client_assertion_type": ASSERTION_TYPE}
        return Proof(form={**named, "client_assertion": assertion})
    return by_secret(settings.client_auth, settings.client_id, settings.client_secret)


def by_secret(method: str, client_id: str, secret: Secret | None) -> Proof:
    """`none` names the client and proves nothing. Raises UpstreamUnavailable `client_secret_missing`."""
    if method == "none":
        return Proof(form={"client_id": client_id})
    told = require_secret(secret)
    if method == "client_secret_post":
        return Proof(form={"client_id": client_id, "client_secret": told})
    pair = f"{quote_plus(client_id)}:{quote_plus(told)}"  # RFC 6749 §2.3.1: form-encoded before they are joined
    return Proof(headers={"Authorization": f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"})


def require_secret(secret: Secret | None) -> str:
    """The client secret; without one nothing is begun, because nothing could be finished."""
    if secret is None:
        raise UpstreamUnavailable(
            "client_secret_missing",
            "Signing in at your organisation's identity provider is not set up completely. Tell your administrator.",
            detail="client_secret could not be resolved",
        )
    return secret.reveal()


def _assertion(settings: OidcSettings, endpoint: str, key: RpKey, now: int) -> str:
    """RFC 7523 §3; `aud` is the token endpoint, as Entra wants it: our key belongs to this IdP alone, so that a
    provider which names another's endpoint gains an assertion that nobody there knows the key of.
    """
    us = settings.client_id
    claims = {"iss": us, "sub": us, "aud": endpoint, "jti": secrets.token_urlsafe(16), "iat": now, "exp": now + _LIFE}
    thumbprints = {"x5t": key.x5t, "x5t#S256": key.x5t_s256}
    named = {settings.thumbprint: thumbprints[settings.thumbprint]} if settings.thumbprint else {}
    return jose.sign(claims, replace(key.signing, alg=settings.assertion_alg), "JWT", named)
