"""A change at an identity provider that may not happen by itself: it waits, is told of once, and is approved by name.

The name is a digest of what the change means, so that an operator approves what was shown and nothing that came later.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence

from broker.connectors.connector import Finding, Notices
from broker.model import AuditEvent, IdentityProvider

log = logging.getLogger(__name__)

KEPT = 90 * 86400  # seconds in which the same change is told of once


def digest_of(meaning: Mapping[str, object]) -> str:
    """128 bits in hex: too many for two changes of one digest to be found."""
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:32]


def tell(notices: Notices, idp: IdentityProvider, waits: Sequence[str], digest: str, now: float) -> None:
    """An audit event and a log line. waits: what has changed, in snake_case."""
    if not notices.once(idp.tenant, f"waits {idp.id} {digest}", int(now) + KEPT):
        return
    log.warning("%s/%s: a change of %s waits for approval", idp.tenant, idp.id, ", ".join(waits))
    detail = {"digest": digest}
    notices.record(
        AuditEvent(
            "upstream.change_waits", "failure", "", tenant=idp.tenant, idp=idp.id, reason=" ".join(waits), detail=detail
        )
    )


def finding(what: str, idp: IdentityProvider, digest: str) -> Finding:
    """what: the change in words, such as `another entityID`."""
    how = f"--approve {idp.tenant}/{idp.id}={digest}"
    return Finding("waiting", False, f"{what} waits for approval ({how}); the old one stays in force")
