"""A client's own keys, and what it signs with them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import pytest

from broker import jose
from broker.errors import BrokerError
from broker.jose.compact import encode
from broker.jose.keys import ALGORITHMS, SigningKey

ISSUER = "https://login.example.com"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOW = 1_800_000_000
_numbers = count()


def key(name: str, alg: str = "ES256") -> SigningKey:
    """The same key for the same name, all through the run."""
    return _key(name, alg)


@cache
def _key(name: str, alg: str) -> SigningKey:
    return jose.load(name, alg, jose.generate(alg))


def jwks(*keys: SigningKey, **more: object) -> str:
    return json.dumps({"keys": [{**jose.public_jwk(one), **more} for one in keys]})


def unique() -> str:
    return f"jti-{next(_numbers)}"


def present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def assertion(client_id: str, signed_by: SigningKey | None = None, *, typ: str = "JWT", **claims: Any) -> str:
    """As RFC 7523 §3 wants it; a claim given as None is left out."""
    good = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": unique(), "iat": NOW, "exp": NOW + 60}
    return jose.sign(present({**good, **claims}), signed_by or key("client"), typ)


def proof(
    signed_by: SigningKey | None = None,
    *,
    access_token: str | None = None,
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """A DPoP proof for POST /token, unless `claims` say otherwise."""
    holder = signed_by or key("holder")
    good = {"htm": "POST", "htu": f"{ISSUER}/token", "iat": NOW, "jti": unique()}
    if access_token is not None:
        digest = hashlib.sha256(access_token.encode()).digest()
        good = {**good, "htm": "GET", "htu": f"{ISSUER}/userinfo", "ath": encode(digest)}
    jwk = {name: value for name, value in jose.public_jwk(holder).items() if name not in {"use", "alg", "kid"}}
    return signed({"alg": holder.alg, "typ": "dpop+jwt", "jwk": jwk, **(header or {})}, {**good, **claims}, holder)


def signed(header: dict[str, Any], claims: dict[str, Any], holder: SigningKey) -> str:
    """Any header and claims at all; a member given as None is left out."""
    text = ".".join(encode(json.dumps(present(part)).encode()) for part in (header, claims))
    return f"{text}.{encode(ALGORITHMS[holder.alg].sign(text.encode(), holder.private))}"


def jkt(holder: SigningKey | None = None) -> str:
    return jose.thumbprint(jose.public_jwk(holder or key("holder")))


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


@dataclass
class Marks:
    """`remember_once` without a store."""

    seen: set[str] = field(default_factory=set)
    until: dict[str, int] = field(default_factory=dict)

    def once(self, mark: str, expires_at: int) -> bool:
        fresh = mark not in self.seen
        self.seen.add(mark)
        self.until[mark] = expires_at
        return fresh


@contextmanager
def refused(reason: str, kind: type[BrokerError] = BrokerError) -> Iterator[None]:
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.reason == reason
