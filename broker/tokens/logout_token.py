"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): to one client, that one session is over."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from broker import jose
from broker.model import Client, Signing
from broker.tokens.issuer import Signers
from broker.tokens.pairwise import SID, SUB, Pairwise

LOGOUT_TOKEN = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIVES = 120  # seconds, as §4 advises: long enough for clocks that differ, too short to be kept for later


class LogoutTokens:
    """`issuer` is our origin, as in every token of ours."""

    def __init__(
        self, issuer: str, keys: Signers, *, pairwise: Pairwise, signing: Signing, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._pairwise = pairwise
        self._signing = signing
        self._clock = clock

    def mint(self, client: Client, *, sub: str, sid: str) -> str:
        """Signed as the client's ID tokens are, and naming person and session as they do.

        Never a nonce: it could be taken for an ID token (§2.4).
        """
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "sub": self._pairwise.outward(client, SUB, sub),
            "aud": client.client_id,
            "iat": now,
            "exp": now + LIVES,
            "jti": secrets.token_urlsafe(16),
            "events": {EVENT: {}},
            "sid": self._pairwise.outward(client, SID, sid),
        }
        return jose.sign(claims, self._keys.signing(client.id_token_alg or self._signing.default), LOGOUT_TOKEN)
