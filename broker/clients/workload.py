"""Workload identity federation: the client shows a token that its platform gave it, and keeps no secret at all.

GitHub Actions, GitLab, a Kubernetes cluster, Entra managed identities, SPIFFE (JWT-SVID) or any OpenID issuer. A token
is matched by issuer, audience, and exact subject or a condition over its claims; each client lists its identities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker import expressions, jose
from broker.clients.assertion import ALGORITHMS, Once
from broker.clients.claims import require_only_audience, require_timely, token_id
from broker.clients.keys import discovered, inline, published, unavailable
from broker.clients.remote_keys import RemoteKeys
from broker.clients.workload_claims import incoming
from broker.errors import TokenRejected, UpstreamUnavailable
from broker.jose import KeySet
from broker.model import Client, Workload
from broker.outbound import Outbound

TYPES = ("jwt", "jose", None)  # JWT-SVID §2.3; Kubernetes sends none. An access token (at+jwt) is for APIs, not for us
LONGEST = 86_400  # seconds: what a managed identity's token may last
_SPIFFE = "spiffe://"


class Workloads:
    """issuer: ours, the audience where the identity names no other."""

    def __init__(self, issuer: str, outbound: Outbound, once: Once, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._once = once
        self._clock = clock
        self._discovered = RemoteKeys(discovered(outbound), clock)
        self._published = RemoteKeys(published(outbound), clock)

    def prove(self, client: Client, unverified: str) -> Workload:
        """The identity that the token proves.

        Raises TokenRejected: iss, those of `jose.verify`, aud, exp, nbf, iat, subject, jti, replay.
        TemporarilyUnavailable: client_keys.
        """
        known = _of_issuer(client.auth.workloads, jose.peek(unverified).claims)
        signed, claims = self._signed(known, unverified)
        meant = self._for_us(signed, claims)
        ends = require_timely(claims, self._clock(), LONGEST)
        found = _matching(meant, claims)
        self._require_unused(found, claims, ends)
        return found

    def _signed(self, known: list[Workload], unverified: str) -> tuple[list[Workload], Mapping[str, object]]:
        """Those under whose keys the signature is good: two clusters may bear one issuer's name, and never its keys."""
        good, claims, refusal = [], dict[str, object](), TokenRejected("iss")
        for workload in known:
            try:
                claims = jose.verify(unverified, self._keys(workload, unverified), ALGORITHMS, types=TYPES)
                good.append(workload)
            except TokenRejected as refused:
                refusal = refused
        if not good:
            raise refusal
        return good, claims

    def _keys(self, workload: Workload, unverified: str) -> KeySet:
        if workload.jwks is not None:
            return inline(workload.jwks)
        kid = jose.peek(unverified).header.get("kid")
        named = kid if isinstance(kid, str) else None
        try:
            if workload.jwks_uri is not None:
                return self._published.keyset(workload.jwks_uri, named)
            return self._discovered.keyset(workload.issuer, named)
        except UpstreamUnavailable as failed:
            raise unavailable(failed) from failed

    def _for_us(self, signed: list[Workload], claims: Mapping[str, object]) -> list[Workload]:
        meant = []
        for workload in signed:
            try:
                require_only_audience(claims, (workload.audience or self._issuer,), listed=True)
                meant.append(workload)
            except TokenRejected as refused:
                refusal = refused
        if not meant:
            raise refusal
        return meant

    def _require_unused(self, found: Workload, claims: Mapping[str, object], ends: int) -> None:
        name = token_id(claims)
        if name is not None and not found.reuse and not self._once(f"workload {found.issuer} {name}", ends):
            raise TokenRejected("replay", "The token was used before: ask your platform for a new one.")


def _of_issuer(workloads: tuple[Workload, ...], claims: Mapping[str, object]) -> list[Workload]:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if issuer is None and isinstance(subject, str) and subject.startswith(_SPIFFE):
        issuer = _SPIFFE + subject.removeprefix(_SPIFFE).partition("/")[0]  # a JWT-SVID need not name its issuer
    known = [workload for workload in workloads if workload.issuer == issuer]
    if not known:
        raise TokenRejected("iss", detail="no identity of this client is of that issuer")
    return known


def _matching(meant: list[Workload], claims: Mapping[str, object]) -> Workload:
    found = next((workload for workload in meant if _matches(workload, claims)), None)
    if found is None:
        raise TokenRejected("subject", "The token is good, but not of a workload that may be this client.")
    return found


def _matches(workload: Workload, claims: Mapping[str, object]) -> bool:
    """Both where both are configured; a condition that cannot be evaluated does not hold."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or workload.subject not in {None, subject}:
        return False
    if workload.when is None:
        return workload.subject is not None
    condition = expressions.compile(workload.when, workload.types, "bool")
    return condition.evaluate(incoming(claims, workload.types), {}).value is True
