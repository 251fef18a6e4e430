"""What is said of a person at userinfo (OIDC Core §5.3.2), signed where the client wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker import jose
from broker.model import Authorization, Client
from broker.tokens.issuer import Claims, Signers, person_claims, tenant_claims
from broker.tokens.pairwise import Pairwise

USERINFO = "userinfo+jwt"  # so that nothing takes it for an ID token, a hint least of all (RFC 8725 §3.11)


class UserinfoAnswers:
    """`issuer` is our origin, as in every token of ours."""

    def __init__(self, issuer: str, keys: Signers, pairwise: Pairwise, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._pairwise = pairwise
        self._clock = clock

    def members(self, authorization: Authorization, client: Client) -> Claims:
        """The same that the ID token says, where it says it."""
        seen = self._pairwise.seen_by(client, authorization)
        person = person_claims(authorization, client, authorization.terms.userinfo_claims)
        return {"sub": seen.sub, "idp": seen.idp} | tenant_claims(authorization, client) | person

    def sign(self, members: Mapping[str, object], client: Client, alg: str) -> str:
        claims = {"iss": self._issuer, "aud": client.client_id, "iat": int(self._clock()), **members}
        return jose.sign(claims, self._keys.signing(alg), USERINFO)
