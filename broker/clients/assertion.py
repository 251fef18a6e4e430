"""private_key_jwt: the client signs a short message of its own (RFC 7523 §3, OpenID Connect Core §9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker import jose
from broker.clients.claims import require_only_audience, require_timely, token_id
from broker.errors import TokenRejected
from broker.jose import KeySet
from broker.model import Client

ALGORITHMS = ("PS256", "ES256", "EdDSA", "RS256")
FAPI_ALGORITHMS = ("PS256", "ES256", "EdDSA")  # FAPI 2.0 Security Profile §5.4
TYPES = ("jwt", "client-authentication+jwt", None)
LONGEST = 3600  # seconds

KeysOf = Callable[[Client, str | None], KeySet]
Once = Callable[[str, int], bool]  # a mark, and until when it is remembered; False: seen before


class Assertions:
    """issuer: ours. `once` is one statement of the store: of several who come with one assertion, one is let in."""

    def __init__(self, issuer: str, keys: KeysOf, once: Once, clock: Callable[[], float]) -> None:
        self._audiences = {"issuer": (issuer,), "token_endpoint": (f"{issuer}/token", issuer)}
        self._keys = keys
        self._once = once
        self._clock = clock

    def prove(self, client: Client, unverified: str) -> None:
        """Raises TokenRejected: those of `jose.verify`, iss, sub, aud, exp, nbf, iat, jti, replay."""
        claims = self._signed(client, unverified)
        _require_own(claims, client)
        require_only_audience(claims, self._audiences[client.assertion_audience], listed=False)
        ends = require_timely(claims, self._clock(), LONGEST)
        self._require_unused(claims, client, ends)

    def _signed(self, client: Client, unverified: str) -> Mapping[str, object]:
        algorithms = FAPI_ALGORITHMS if client.profile == "fapi2" else ALGORITHMS
        kid = jose.peek(unverified).header.get("kid")
        keys = self._keys(client, kid if isinstance(kid, str) else None)
        return jose.verify(unverified, keys, algorithms, types=TYPES)

    def _require_unused(self, claims: Mapping[str, object], client: Client, ends: int) -> None:
        name = token_id(claims)
        if name is None:
            raise TokenRejected("jti", "The assertion has no `jti`.")
        if not self._once(f"client_assertion {client.client_id} {name}", ends):
            raise TokenRejected("replay", "The assertion was used before: sign a new one for every request.")


def _require_own(claims: Mapping[str, object], client: Client) -> None:
    for name in ("iss", "sub"):
        if claims.get(name) != client.client_id:
            raise TokenRejected(name, f"The `{name}` of the assertion must be the client_id.")
