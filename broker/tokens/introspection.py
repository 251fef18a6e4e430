"""Signed answers about tokens (RFC 9701): for one caller, and of a type that nothing takes for an access token."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker import jose
from broker.model import Client, Signing
from broker.tokens.issuer import Signers

INTROSPECTION = "token-introspection+jwt"


class IntrospectionAnswers:
    """`issuer` is our origin, as in every token of ours."""

    def __init__(self, issuer: str, keys: Signers, *, signing: Signing, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._signing = signing
        self._clock = clock

    def sign(self, members: Mapping[str, object], caller: Client) -> str:
        """RFC 9701 §5: what is said of the token stands in a member of its own."""
        claims = {
            "iss": self._issuer,
            "aud": caller.client_id,
            "iat": int(self._clock()),
            "token_introspection": dict(members),
        }
        key = self._keys.signing(caller.introspection_alg or self._signing.default)
        return jose.sign(claims, key, INTROSPECTION)
