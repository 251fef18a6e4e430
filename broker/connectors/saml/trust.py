"""An IdP's metadata over time: fetched when first needed, refreshed every 12 hours or sooner, last known good kept.

All workers go by one copy in the store: whoever finds it old fetches it for all, and the others look there once a
minute. AD FS announces its next signing key for five days, then signs with it; so a signature by no known key asks
for one forced refresh, at most every five minutes, and nobody has to restart or press anything. A key that left the
metadata is gone with that refresh. What may not change by itself (`vetting`) waits in the store beside the copy in
force, which ends at its validUntil.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass

from broker.connectors import changes, endings
from broker.connectors.announcements import keys_changed
from broker.connectors.breaker import Turn
from broker.connectors.connector import Surroundings
from broker.connectors.saml import vetting
from broker.errors import UpstreamUnavailable
from broker.model import IdentityProvider, MetadataSource
from broker.outbound import Response
from broker.xml import metadata
from broker.xml.aggregate import Picker
from broker.xml.metadata import SAML_IDP, IdpMetadata, MetadataRefused, RoleKind

log = logging.getLogger(__name__)

KIND = "saml_metadata"
REFRESH = 12 * 3600  # seconds
SOONEST = 300  # between two forced refreshes, and the shortest cacheDuration obeyed
RETRY = 60  # after a failed fetch, and between two looks into the store
LIMIT = 64 * 1_048_576  # bytes of an aggregate, read piece by piece; one entity has its own limit
BACKGROUND_SECONDS = 30.0  # for a large aggregate, while nobody waits


@dataclass(frozen=True, slots=True)
class Known:
    """What we go by; when the store's copy of it was fetched, when to look there, when it is old (epoch seconds)."""

    metadata: IdpMetadata
    fetched_at: int
    look_at: float
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
        self._turn = Turn()  # one fetch at a time

    def current(self) -> IdpMetadata:
        """Raises UpstreamUnavailable, among them MetadataRefused."""
        known, now = self._known, self._surroundings.clock()
        if known is None:
            with self._turn.waited_for():
                known = self._known = self._known or self._first(now)
        elif now >= known.look_at:
            with self._turn.if_free() as ours:
                if ours:
                    known = self._known = self._looked(known, now, known.stale_at)
        valid_until = known.metadata.valid_until
        if valid_until is not None and valid_until <= now:
            raise MetadataRefused("metadata_expired")
        return known.metadata

    def refresh(self, than: IdpMetadata) -> IdpMetadata | None:
        """Because no key of `than` fits: metadata with other keys, else None. Seldom asks, never raises."""
        now = self._surroundings.clock()
        try:
            with self._turn.waited_for():  # whoever is fetching brings what we want
                known = self._known
                if self._source.url is None or known is None:
                    return None
                if known.metadata.certificates == than.certificates and now - self._forced_at >= SOONEST:
                    self._forced_at = now
                    known = self._known = self._refreshed(self._newest(known, now), now)
        except UpstreamUnavailable:
            return None
        return known.metadata if known.metadata.certificates != than.certificates else None

    def renew(self) -> float:
        """Behind the scenes, a little before anybody would have to wait. Raises UpstreamUnavailable."""
        now = self._surroundings.clock()
        with self._turn.if_free() as ours:
            if ours:
                known = self._known or self._kept(now)
                early = float("inf") if known is None else known.stale_at - self._jitter(known)
                self._known = self._first(now) if known is None else self._looked(known, now, early, patient=True)
        known = self._known
        if known is None:
            return now + RETRY
        self._warn(known.metadata, now)
        return max(now + RETRY, min(now + REFRESH, known.stale_at - self._jitter(known)))

    def offered(self) -> tuple[Response, IdpMetadata, IdpMetadata | None]:
        """What the IdP says now, and what is trusted today. Nothing is changed. Raises UpstreamUnavailable."""
        now = self._surroundings.clock()
        known = self._kept(now)
        if self._source.document is not None:
            return Response(200, {}, b""), self._read(self._source.document, now), None
        response, document = self._download(None)
        return response, self._read(document, now), None if known is None else known.metadata

    def approve(self, digest: str) -> tuple[str, ...]:
        """What waits under this digest is trusted from now on."""
        now = self._surroundings.clock()
        document, trusted = self._load(self._waiting), self._kept(now)
        if document is None or not document[0] or trusted is None:
            return ()
        offered = self._read(document[0], now)
        if vetting.digest_of(offered) != digest:
            return ()
        found = vetting.changes(trusted.metadata, offered, named=self._entity_id is not None)
        self._save(self._kind, document[0], max(now, trusted.fetched_at + 1))
        self._save(self._waiting, b"", now)
        return found

    @property
    def _waiting(self) -> str:
        return f"waiting {self._kind}"

    def _first(self, now: float) -> Known:
        if self._source.document is not None:
            parsed = vetting.pinned(self._read(self._source.document, now), self._source.pin)
            return Known(parsed, int(now), float("inf"), float("inf"))
        kept = self._kept(now)
        if kept is not None and now < kept.stale_at:
            return kept
        return self._fetched(None, now) if kept is None else self._refreshed(kept, now)

    def _looked(self, known: Known, now: float, due: float, *, patient: bool = False) -> Known:
        """The store's copy if another worker has fetched a newer one; the IdP's where all are old, fetched by one."""
        newest = self._newest(known, now)
        if now < max(due, newest.fetched_at + SOONEST) or newest.fetched_at > known.fetched_at:
            return newest
        claim = f"fetch {self._idp.id} {self._kind} {newest.fetched_at} {int(now // RETRY)}"
        if not self._surroundings.notices.once(self._idp.tenant, claim, int(now) + 2 * RETRY):
            return newest
        return self._refreshed(newest, now, patient=patient)

    def _newest(self, known: Known, now: float) -> Known:
        kept = self._kept(now) if self._source.url is not None else None
        if kept is not None and kept.fetched_at > known.fetched_at:
            return kept
        return Known(known.metadata, known.fetched_at, _soon(now, known.stale_at), known.stale_at)

    def _refreshed(self, known: Known, now: float, *, patient: bool = False) -> Known:
        """The newest there is: fetched, or what we had, to be asked for again soon."""
        try:
            return self._fetched(known, now, patient=patient)
        except UpstreamUnavailable as error:
            log.warning("metadata of %s/%s kept: %s", self._idp.tenant, self._idp.id, error.reason)
            return Known(known.metadata, known.fetched_at, now + RETRY, known.stale_at)

    def _fetched(self, known: Known | None, now: float, *, patient: bool = False) -> Known:
        _, document = self._download(BACKGROUND_SECONDS if patient else None)
        offered = self._read(document, now)
        trusted = None if known is None else known.metadata
        waits = vetting.changes(trusted, offered, named=self._entity_id is not None) if trusted else ()
        if trusted is not None and waits:
            self._hold(document, now)
            changes.tell(self._surroundings.notices, self._idp, waits, vetting.digest_of(offered), now)
            return self._known_from(trusted, int(now), now)
        parsed = vetting.pinned(offered, self._source.pin)
        self._save(self._kind, document, now)
        if known is not None:
            self._save(self._waiting, b"", now)
            before, after = vetting.described(known.metadata), vetting.described(parsed)
            keys_changed(self._surroundings.notices, self._idp, before, after, known.fetched_at)
        return self._known_from(parsed, int(now), now)

    def _hold(self, document: bytes, now: float) -> None:
        """The change waits beside the copy in force, which counts as looked at."""
        self._save(self._waiting, document, now)
        copy = self._load(self._kind)
        if copy is not None:
            self._save(self._kind, copy[0], now)

    def _warn(self, parsed: IdpMetadata, now: float) -> None:
        """Of the key that lives longest: an old one beside a new one may well end."""
        last = max(parsed.certificates, key=lambda one: one.not_after)
        endings.warn(self._surroundings.notices, self._idp, "certificate", last.fingerprint, last.not_after, now)

    def _download(self, seconds: float | None) -> tuple[Response, bytes]:
        picker = Picker(self._entity_id, self._role)
        outbound = self._surroundings.outbound
        response = outbound.stream(self._source.url or "", picker.feed, limit=LIMIT, seconds=seconds)
        return response, picker.close()

    def _kept(self, now: float) -> Known | None:
        """The copy in the store, if it still parses; as fresh as when it was fetched."""
        copy = self._load(self._kind)
        if copy is None:
            return None
        try:
            parsed = vetting.pinned(self._read(copy[0], now), self._source.pin)
        except MetadataRefused:
            return None
        return self._known_from(parsed, copy[1], now)

    def _known_from(self, parsed: IdpMetadata, fetched_at: int, now: float) -> Known:
        stale_at = fetched_at + _lifetime(parsed)
        return Known(parsed, fetched_at, _soon(now, stale_at), stale_at)

    def _jitter(self, known: Known) -> float:
        """Seconds before the copy is old, different for every IdP: they were all fetched when the broker started."""
        share = zlib.crc32(f"{self._idp.tenant}/{self._idp.id}".encode()) % 1000 / 1000
        return (known.stale_at - known.fetched_at) * (0.05 + 0.2 * share)

    def _load(self, kind: str) -> tuple[bytes, int] | None:
        return self._surroundings.documents.load(self._idp.tenant, self._idp.id, kind)

    def _save(self, kind: str, body: bytes, now: float) -> None:
        self._surroundings.documents.save(self._idp.tenant, self._idp.id, kind, body, int(now))

    def _read(self, document: bytes, now: float) -> IdpMetadata:
        around = self._surroundings
        parsed = metadata.parse(document, entity_id=self._entity_id, now=now, loopback=around.loopback, kind=self._role)
        if parsed.entity_id.startswith(f"{around.issuer}/"):
            raise MetadataRefused("metadata_self", detail="the metadata is our own")
        if all(certificate.not_after <= now for certificate in parsed.certificates):
            log.warning("every signing certificate of %s/%s has expired", self._idp.tenant, self._idp.id)
        return parsed


def _soon(now: float, stale_at: float) -> float:
    return min(now + RETRY, stale_at) if now < stale_at else now + RETRY


def _lifetime(parsed: IdpMetadata) -> int:
    """Seconds until the next look."""
    wanted = parsed.cache_seconds if parsed.cache_seconds is not None else REFRESH
    return max(SOONEST, min(wanted, REFRESH))
