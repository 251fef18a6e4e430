"""An IdP's metadata over time: fetched when first needed, refreshed every 12 hours or sooner, last known good kept.

AD FS announces its next signing key for five days, then signs with it; so a signature by no known key asks for one
forced refresh, at most every five minutes, and nobody has to restart or press anything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Lock

from broker.connectors.connector import Surroundings
from broker.errors import UpstreamUnavailable
from broker.model import IdentityProvider, MetadataSource
from broker.xml import metadata
from broker.xml.metadata import SAML_IDP, IdpMetadata, MetadataRefused, RoleKind

log = logging.getLogger(__name__)

KIND = "saml_metadata"
REFRESH = 12 * 3600  # seconds
SOONEST = 300  # between two forced refreshes, and the shortest cacheDuration obeyed
RETRY = 60  # after a failed fetch
LIMIT = 8 * 1_048_576  # bytes; AD FS lists every claim it knows


@dataclass(frozen=True, slots=True)
class Known:
    """What we go by, and when to look again (epoch seconds)."""

    metadata: IdpMetadata
    stale_at: float


class Trust:
    def __init__(
        self,
        idp: IdentityProvider,
        source: MetadataSource,
        entity_id: str | None,
        surroundings: Surroundings,
        kind: RoleKind = SAML_IDP,
    ) -> None:
        self._idp = idp
        self._source = source
        self._kind = f"{KIND} {source.url}"  # the copy of another address is no copy
        self._entity_id = entity_id
        self._role = kind
        self._surroundings = surroundings
        self._known: Known | None = None
        self._forced_at = float("-inf")
        self._lock = Lock()  # one fetch at a time

    def current(self) -> IdpMetadata:
        """Raises UpstreamUnavailable, among them MetadataRefused."""
        known, now = self._known, self._surroundings.clock()
        if known is None:
            with self._lock:
                known = self._known or self._first(now)
        elif now >= known.stale_at and self._lock.acquire(blocking=False):
            try:
                known = self._refreshed(known, now)
            finally:
                self._lock.release()
        self._known = known
        valid_until = known.metadata.valid_until
        if valid_until is not None and valid_until <= now:
            raise MetadataRefused("metadata_expired")
        return known.metadata

    def refresh(self) -> IdpMetadata | None:
        """Because no known key fits: the metadata if it changed, else None. Seldom asks, never raises."""
        now = self._surroundings.clock()
        if self._source.url is None:
            return None
        with self._lock:
            known = self._known
            if known is None or now - self._forced_at < SOONEST:
                return None
            self._forced_at = now
            fresh = self._refreshed(known, now)
            self._known = fresh
        return fresh.metadata if fresh.metadata.certificates != known.metadata.certificates else None

    def _first(self, now: float) -> Known:
        if self._source.document is not None:
            return Known(self._parsed(self._source.document, now), float("inf"))
        kept = self._kept(now)
        if kept is not None and now < kept.stale_at:
            return kept
        return self._fetched(now) if kept is None else self._refreshed(kept, now)

    def _refreshed(self, known: Known, now: float) -> Known:
        """The newest there is: fetched, or what we had, to be asked for again soon."""
        try:
            return self._fetched(now)
        except UpstreamUnavailable as error:
            log.warning("metadata of %s/%s kept: %s", self._idp.tenant, self._idp.id, error.reason)
            return Known(known.metadata, now + RETRY)

    def _fetched(self, now: float) -> Known:
        response = self._surroundings.outbound.get(self._source.url or "", limit=LIMIT)
        if response.status != 200:
            raise UpstreamUnavailable("status", detail=f"metadata answered with status {response.status}")
        parsed = self._parsed(response.body, now)
        self._surroundings.documents.save(self._idp.tenant, self._idp.id, self._kind, response.body, int(now))
        return Known(parsed, now + _lifetime(parsed))

    def _kept(self, now: float) -> Known | None:
        """The copy in the store, if it still parses; as fresh as when it was fetched."""
        copy = self._surroundings.documents.load(self._idp.tenant, self._idp.id, self._kind)
        if copy is None:
            return None
        try:
            parsed = self._parsed(copy[0], now)
        except MetadataRefused:
            return None
        return Known(parsed, copy[1] + _lifetime(parsed))

    def _parsed(self, document: bytes, now: float) -> IdpMetadata:
        loopback = self._surroundings.loopback
        parsed = metadata.parse(document, entity_id=self._entity_id, now=now, loopback=loopback, kind=self._role)
        if all(certificate.not_after <= now for certificate in parsed.certificates):
            log.warning("every signing certificate of %s/%s has expired", self._idp.tenant, self._idp.id)
        return parsed


def _lifetime(parsed: IdpMetadata) -> int:
    """Seconds until the next look."""
    wanted = parsed.cache_seconds if parsed.cache_seconds is not None else REFRESH
    return max(SOONEST, min(wanted, REFRESH))
