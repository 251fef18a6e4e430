"""Signed answers about tokens (RFC 9701): for one caller, and of a type that nothing takes for an access token."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker import jose
from broker.model import Signing
from broker.tokens.issuer import Signers

INTROSPECTION = "token-introspection+jwt"


class IntrospectionAnswers:
    """`issuer` is our origin, as in every token of ours."""

    def __init__(self, issuer: str, keys: Signers, *, signing: Signing, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._signing = signing
        self._clock = clock

    def sign(self, members: Mapping[str, object], audience: str) -> str:
        """RFC 9701 §5: what is said of the token stands in a member of its own. `audience`: the caller's client_id."""
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "iat": int(self._clock()),
            "token_introspection": dict(members),
        }
        return jose.sign(claims, self._keys.signing(self._signing.default), INTROSPECTION)
