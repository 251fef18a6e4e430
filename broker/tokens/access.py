"""A token of ours that comes back: an access token at userinfo or revocation, an ID token as a hint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from broker import jose
from broker.errors import InvalidToken, TokenRejected
from broker.model import Actor, Client, Configuration
from broker.oauth2.request import IdTokenHint
from broker.seal import Seal, SealBroken
from broker.tokens.issuer import ACCESS_TOKEN, ID_TOKEN, sealed_tenant
from broker.tokens.pairwise import SID, SUB, Pairwise


class Verifiers(Protocol):
    def verifying(self, kid: str | None) -> jose.KeySet: ...
    def hinting(self, kid: str | None) -> jose.KeySet: ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a good access token of ours says; whether it still stands is for the caller to ask.

    sub, actors: by our own names, whatever their client calls them. expires_at: epoch seconds. claims: all of them, as
    they stand in the token. tenant None: a workload's token that speaks for no tenant.
    """

    client_id: str
    grant_id: str
    tenant: str | None
    sub: str
    scope: tuple[str, ...]
    expires_at: int
    claims: Mapping[str, object]
    actors: tuple[Actor, ...] = ()  # the last one first

    @property
    def cnf(self) -> Mapping[str, str]:
        """The keys that it is bound to (RFC 7800); empty: to none."""
        cnf = self.claims.get("cnf")
        return {kind: str(key) for kind, key in cnf.items()} if isinstance(cnf, dict) else {}

    @property
    def audience(self) -> tuple[str, ...]:
        return _audience(self.claims)

    @property
    def workload(self) -> bool:
        """Whether nobody signed in for it (contract section 3)."""
        return "sid" not in self.claims


class OwnTokens:
    def __init__(
        self,
        issuer: str,
        keys: Verifiers,
        seal: Seal,
        *,
        pairwise: Pairwise,
        algorithms: Collection[str],
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._seal = seal
        self._pairwise = pairwise
        self._algorithms = tuple(algorithms)
        self._clock = clock

    def access_token(self, unverified_token: str, configuration: Configuration) -> AccessToken:
        """RFC 9068 §4. Raises InvalidToken: iss, exp, client_id, aud, jti, sub, act, or a reason of `jose.verify`."""
        try:
            claims = self._verified(unverified_token, self._keys.verifying, ACCESS_TOKEN)
            self._require_issuer(claims)
            expires_at = self._unexpired(claims)
            client = self._client(claims, configuration.clients)
            self._require_audience(claims, client, configuration)
            grant_id, tenant = self._grant(claims)
            sub = self._sub(claims, client)
            actors = tuple(self._actors(claims.get("act"), client, configuration))
        except TokenRejected as refused:
            raise InvalidToken(refused.reason, detail=refused.detail) from refused
        return AccessToken(
            client_id=client.client_id,
            grant_id=grant_id,
            tenant=tenant,
            sub=sub,
            scope=tuple(str(claims.get("scope", "")).split()),
            expires_at=expires_at,
            claims=claims,
            actors=actors,
        )

    def hint_claims(self, unverified_token: str, configuration: Configuration) -> dict[str, object]:
        """The claims of an ID token that we signed; it may have expired, its key may be retired.

        `tenant` is among them, also where the client may not see it; `sub` and `sid` are our own names. Raises
        TokenRejected: iss, aud, sub, sid (the client's sector knows nobody by it), jti, or a reason of `jose.verify`.
        """
        claims = self._verified(unverified_token, self._keys.hinting, ID_TOKEN)
        self._require_issuer(claims)
        if not isinstance(claims.get("aud"), str) or not isinstance(claims.get("sub"), str):
            raise TokenRejected("aud")
        client = configuration.clients.get(str(claims["aud"]))
        claims = {**claims, **self._own_names(claims, client)} if client is not None else claims
        return claims if "tenant" in claims or "jti" not in claims else {**claims, "tenant": self._grant(claims)[1]}

    def hint(self, unverified_token: str, configuration: Configuration) -> IdTokenHint:
        """OIDC Core §3.1.2.1. Raises TokenRejected as `hint_claims` does."""
        claims = self.hint_claims(unverified_token, configuration)
        sid = claims.get("sid")
        return IdTokenHint(str(claims["aud"]), str(claims["sub"]), sid if isinstance(sid, str) else None)

    def subject(self, unverified_sub: str, client: Client) -> str:
        """Our own name for whom the client calls so. Raises TokenRejected `sub`."""
        return self._pairwise.inward(client, SUB, unverified_sub)

    def _own_names(self, claims: Mapping[str, object], client: Client) -> dict[str, object]:
        kinds = (SUB, SID) if "sid" in claims else (SUB,)
        return {kind: self._pairwise.inward(client, kind, str(claims[kind])) for kind in kinds}

    def _sub(self, claims: Mapping[str, object], client: Client) -> str:
        """A workload is its client_id to everybody."""
        sub = str(claims.get("sub", ""))
        return sub if "sid" not in claims else self.subject(sub, client)

    def _actors(self, act: object, client: Client, configuration: Configuration) -> Iterator[Actor]:
        """Of a token that we signed; a person's `sub` is never a client_id (contract section 3)."""
        while isinstance(act, dict):
            sub, person = str(act.get("sub")), act.get("sub") not in configuration.clients
            try:
                own = self.subject(sub, client) if person else sub
            except TokenRejected as stranger:
                raise TokenRejected("act") from stranger
            yield Actor(own, str(act.get("client_id")), person)
            act = act.get("act")

    def _verified(self, token: str, keys: Callable[[str | None], jose.KeySet], typ: str) -> dict[str, object]:
        kid = jose.peek(token).header.get("kid")
        if not isinstance(kid, str):  # ours always name their key
            raise TokenRejected("key")
        return jose.verify(token, keys(kid), self._algorithms, types=(typ.lower(),))

    def _require_issuer(self, claims: Mapping[str, object]) -> None:
        if claims.get("iss") != self._issuer:
            raise TokenRejected("iss")

    def _unexpired(self, claims: Mapping[str, object]) -> int:
        exp = claims.get("exp")
        if not isinstance(exp, int) or self._clock() >= exp:
            raise TokenRejected("exp")
        return exp

    def _client(self, claims: Mapping[str, object], clients: Mapping[str, Client]) -> Client:
        client = clients.get(str(claims.get("client_id", "")))
        if client is None:
            raise TokenRejected("client_id")
        return client

    def _require_audience(self, claims: Mapping[str, object], client: Client, configuration: Configuration) -> None:
        """Whatever this client's tokens can be for now; an API that is gone is nobody."""
        known = {self._issuer, *([client.audience] if client.audience else []), *configuration.apis}
        audience = _audience(claims)
        if not audience or not set(audience) <= known:
            raise TokenRejected("aud")

    def _grant(self, claims: Mapping[str, object]) -> tuple[str, str | None]:
        """The grant's id and its tenant, which a client with `tenant_claims: false` carries sealed."""
        grant_id, _, mark = str(claims.get("jti", "")).partition(".")
        tenant = claims.get("tenant")
        if not grant_id or not mark:
            raise TokenRejected("jti")
        if isinstance(tenant, str):
            return grant_id, tenant
        try:
            return grant_id, self._seal.open(mark, sealed_tenant(grant_id)).decode() or None
        except SealBroken as broken:
            raise TokenRejected("jti") from broken


def _audience(claims: Mapping[str, object]) -> tuple[str, ...]:
    """RFC 7519 §4.1.3: one text, or a list of several; of one, we never write a list."""
    aud = claims.get("aud")
    if isinstance(aud, str):
        return (aud,)
    several = isinstance(aud, list) and len(aud) > 1 and all(isinstance(one, str) for one in aud)
    return tuple(map(str, aud)) if several and isinstance(aud, list) else ()
