"""What an OpenID provider publishes, kept fresh: its discovery document, which is vetted, and its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from broker import jose
from broker.connectors.announcements import keys_changed
from broker.connectors.connector import Finding, Surroundings
from broker.connectors.oidc.examination import examine
from broker.connectors.oidc.kept import Kept, Shelf
from broker.connectors.oidc.provider import Provider, discovery_url, read_provider
from broker.connectors.oidc.vetting import Vetting
from broker.errors import TokenRejected, UpstreamUnavailable
from broker.model import IdentityProvider, OidcSettings

T = TypeVar("T")

_HOUR = 3600


class Published:
    """Thread-safe."""

    def __init__(self, idp: IdentityProvider, settings: OidcSettings, surroundings: Surroundings) -> None:
        self._idp = idp
        self._settings = settings
        self._outbound = surroundings.outbound
        self._clock = clock = surroundings.clock
        self._loopback = surroundings.loopback
        self._notices = surroundings.notices
        place = f" {settings.discovery}" if settings.discovery else ""  # another document is other keys

        def shelf(kind: str) -> Shelf:
            return Shelf(surroundings.documents, idp.tenant, idp.id, kind)

        in_force, waiting = shelf(f"oidc_discovery{place}"), shelf(f"waiting oidc_discovery{place}")
        self._vetting = Vetting(idp, waiting, in_force, self._read_discovery, self._notices, clock)
        self._provider = Kept(
            in_force,
            clock,
            self._fetch_discovery,
            self._read_discovery,
            fresh=_HOUR,
            stale=12 * _HOUR,
            holds=self._vetting.holds,
        )
        self._keys = Kept(
            shelf(f"oidc_jwks {settings.issuer}{place}"),
            clock,
            self._fetch_keys,
            _read_keys,
            fresh=_HOUR,
            stale=24 * _HOUR,
            replaced=self._announce,
        )

    def provider(self) -> Provider:
        """Raises UpstreamUnavailable: discovery, discovery_issuer, those of `outbound`."""
        return self._provider.current()

    def with_keys(self, verify: Callable[[jose.KeySet], T]) -> T:
        """A key that we do not know yet is looked for once, a cool-down apart. Raises what `verify` does."""
        keys = self._keys.current()
        try:
            return verify(keys)
        except TokenRejected as rejected:
            newer = self._keys.newer() if rejected.reason == "key" else keys
            if newer is keys:
                raise
        return verify(newer)

    def renew(self) -> float:
        """Behind the scenes; answers when it is time again. Raises UpstreamUnavailable."""
        return min(self._provider.renew(), self._keys.renew())

    def approve(self, digest: str) -> tuple[str, ...]:
        return self._vetting.approve(digest)

    def examine(self) -> Iterator[Finding]:
        """Reach the IdP now, whatever is kept."""
        trusted = self._provider.stored()
        return examine(
            self._outbound, self._idp, self._settings, trusted, self._clock, self._read_discovery, _read_keys
        )

    def _announce(self, before: jose.KeySet, after: jose.KeySet, since: int) -> None:
        keys_changed(self._notices, self._idp, _described(before), _described(after), since)

    def _fetch_discovery(self) -> bytes:
        url = self._settings.discovery or discovery_url(self._settings.issuer)
        return self._outbound.get(url, accept="application/json").body

    def _read_discovery(self, body: bytes) -> Provider:
        return read_provider(body, self._settings.issuer, loopback=self._loopback)

    def _fetch_keys(self) -> bytes:
        return self._outbound.get(self._provider.current().jwks_uri, accept="application/json").body


def _described(keys: jose.KeySet) -> dict[str, dict[str, str]]:
    return {one.fingerprint: {"kid": one.kid or ""} for one in keys.keys}


def _read_keys(body: bytes) -> jose.KeySet:
    """A set without one usable key is no news: the last known good one stays."""
    try:
        keys = jose.parse_jwks(body)
    except TokenRejected:
        raise UpstreamUnavailable("jwks", detail="not a JWK Set") from None
    if not keys.keys:
        raise UpstreamUnavailable("jwks", detail="no usable key in the JWK Set")
    return keys
