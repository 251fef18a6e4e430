"""The public keys of a client: those that its file holds, or those that it publishes (RFC 7591 §2, jwks, jwks_uri)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from broker import jose
from broker.clients.remote_keys import RemoteKeys
from broker.errors import TemporarilyUnavailable, TokenRejected, UpstreamUnavailable
from broker.jose import KeySet
from broker.model import Client, strict_json
from broker.outbound import Outbound

LARGEST = 131_072  # bytes of a key set or discovery document
JWK_SET = "application/jwk-set+json, application/json"
USES = ("sig", "jwt-svid")  # the second one is SPIFFE's word for it (JWT-SVID §4)
NO_KEYS = KeySet(())


class ClientKeys:
    """`keyset` for whatever a client signs: assertions and request objects."""

    def __init__(self, outbound: Outbound, clock: Callable[[], float]) -> None:
        self._published = RemoteKeys(published(outbound), clock)

    def keyset(self, client: Client, kid: str | None) -> KeySet:
        """Empty: it has none. Raises TemporarilyUnavailable `client_keys` where they cannot be fetched."""
        if client.auth.jwks is not None:
            return inline(client.auth.jwks)
        if client.auth.jwks_uri is None:
            return NO_KEYS
        try:
            return self._published.keyset(client.auth.jwks_uri, kid)
        except UpstreamUnavailable as failed:
            raise unavailable(failed).about(client_id=client.client_id) from failed


@lru_cache(maxsize=1024)
def inline(document: str) -> KeySet:
    """A configured key set; `config check` has read it before."""
    return jose.parse_jwks(document.encode(), USES)


def published(outbound: Outbound) -> Callable[[str], KeySet]:
    """Fetches the key set at an address. Raises UpstreamUnavailable as `Outbound.get` does, and `json`."""

    def fetch(address: str) -> KeySet:
        return _keys(outbound.get(address, accept=JWK_SET, limit=LARGEST).body)

    return fetch


def discovered(outbound: Outbound) -> Callable[[str], KeySet]:
    """Fetches the keys of an issuer (OpenID Connect Discovery 1.0 §4). Raises as `published` does; `discovery`."""

    def fetch(issuer: str) -> KeySet:
        address = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
        named = _jwks_uri(outbound.get(address, accept="application/json", limit=LARGEST).body, issuer)
        return _keys(outbound.get(named, accept=JWK_SET, limit=LARGEST).body)

    return fetch


def unavailable(failed: UpstreamUnavailable) -> TemporarilyUnavailable:
    text = "The keys that prove this client could not be fetched. Try again in a moment."
    return TemporarilyUnavailable("client_keys", text, detail=failed.reason)


def _keys(body: bytes) -> KeySet:
    try:
        return jose.parse_jwks(body, USES)
    except TokenRejected:
        raise UpstreamUnavailable("json", detail="not a JWK Set") from None


def _jwks_uri(body: bytes, issuer: str) -> str:
    """Discovery §4.3: the document must name the very issuer that it was fetched for."""
    try:
        document = strict_json.parse_object(body)
    except ValueError:
        raise UpstreamUnavailable("json", detail="not a discovery document") from None
    address = document.get("jwks_uri")
    if document.get("issuer") != issuer or not isinstance(address, str):
        raise UpstreamUnavailable("discovery", detail="the document names another issuer, or no keys")
    return address
