"""What newly fetched metadata may change by itself, and what waits for an operator.

New keys are trusted at once and removed ones at once no more: that is how certificates roll over. Another entityID, or
a host that people were not sent to before, is no roll-over: what was trusted stays in force until somebody says yes.
Keys that a pin does not name are never used; the pin is the operator's word, and a new one is said there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace

from broker.connectors import changes as waiting
from broker.connectors.endings import date_of
from broker.xml.metadata import IdpMetadata, MetadataRefused, SigningCertificate


def pinned(metadata: IdpMetadata, pin: Collection[str]) -> IdpMetadata:
    """With the keys that the pin names, all of them where there is none. Raises MetadataRefused metadata_pin."""
    if not pin:
        return metadata
    named = tuple(one for one in metadata.certificates if one.fingerprint in pin)
    if not named:
        raise MetadataRefused("metadata_pin", detail="none of the signing certificates is one that `pin` names")
    return replace(metadata, certificates=named)


def unpinned(metadata: IdpMetadata, pin: Collection[str]) -> tuple[SigningCertificate, ...]:
    """The keys that wait until the pin names them."""
    return tuple(one for one in metadata.certificates if pin and one.fingerprint not in pin)


def changes(trusted: IdpMetadata, offered: IdpMetadata, *, named: bool) -> tuple[str, ...]:
    """What an operator must approve: `entity_id`, `host`. named: the configuration says which entity it is."""
    found = []
    if trusted.entity_id != offered.entity_id and not named:
        found.append("entity_id")
    if not offered.hosts <= trusted.hosts:
        found.append("host")
    return tuple(found)


def digest_of(offered: IdpMetadata) -> str:
    """Of what it says; how long it may be kept is said anew with every fetch."""
    return waiting.digest_of(asdict(replace(offered, valid_until=None, cache_seconds=None)))


def described(metadata: IdpMetadata) -> dict[str, dict[str, str]]:
    """The keys for an announcement."""
    return {one.fingerprint: {"ends": date_of(one.not_after)} for one in metadata.certificates}
