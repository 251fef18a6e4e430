"""An identity provider's keys came and went: trusted or forgotten at once, and never silently."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from broker.connectors.connector import Notices
from broker.model import AuditEvent, IdentityProvider

log = logging.getLogger(__name__)

ADDED, REMOVED = "upstream.key_added", "upstream.key_removed"
KEPT = 7 * 86400  # seconds in which two workers could tell of the same change

Keys = Mapping[str, Mapping[str, str]]  # fingerprint -> what else an operator may want to know


def keys_changed(notices: Notices, idp: IdentityProvider, before: Keys, after: Keys, since: int) -> None:
    """since: when the keys before were fetched; two workers that replace the same ones tell of it once."""
    for event, gone, come in ((ADDED, before, after), (REMOVED, after, before)):
        for fingerprint in come.keys() - gone.keys():
            if notices.once(idp.tenant, f"{event} {idp.id} {fingerprint} {since}", since + KEPT):
                log.warning("%s of %s/%s: %s", event, idp.tenant, idp.id, fingerprint)
                detail = {"key": fingerprint, **come[fingerprint]}
                notices.record(AuditEvent(event, "success", "", tenant=idp.tenant, idp=idp.id, detail=detail))
