"""A metadata source looked over, as it answers now: what it offers, what is trusted, what waits."""

from __future__ import annotations

from collections.abc import Iterator

from broker.connectors import changes, endings
from broker.connectors.connector import Finding
from broker.connectors.saml import vetting
from broker.connectors.saml.trust import Trust
from broker.errors import UpstreamUnavailable
from broker.model import IdentityProvider, MetadataSource

_WORDS = {"entity_id": "another entityID", "host": "another host to send people to"}


def examine(trust: Trust, idp: IdentityProvider, source: MetadataSource, named: bool, now: float) -> Iterator[Finding]:
    """named: the configuration says which entity it is. Ends early where the metadata cannot be had."""
    try:
        response, offered, trusted = trust.offered()
    except UpstreamUnavailable as failure:
        yield Finding("metadata", False, f"{failure.reason}: {failure.detail or failure.public}")
        return
    yield Finding("metadata", True, f"read for {offered.entity_id}")
    if source.url is not None:
        yield endings.clock_finding(response.headers, now)
    last = max(offered.certificates, key=lambda one: one.not_after)
    yield endings.end_finding("certificate", last.fingerprint, last.not_after, now)
    waiting = vetting.unpinned(offered, source.pin)
    for one in waiting:
        yield Finding("pin", False, f"{one.fingerprint} is not used: `pin` does not name it")
    if source.pin and not waiting:
        yield Finding("pin", True, "names every signing certificate")
    if offered.valid_until is not None:
        yield endings.end_finding_soon("valid_until", offered.valid_until, now)
    for change in vetting.changes(trusted, offered, named=named) if trusted is not None else ():
        yield changes.finding(_WORDS[change], idp, vetting.digest_of(offered))
