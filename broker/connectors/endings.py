"""Certificates and secrets end on a day that is known long before; somebody should hear of it in time."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from broker.connectors.connector import Notices
from broker.model import AuditEvent, IdentityProvider

log = logging.getLogger(__name__)

DAY = 86400
EARLY = (60, 30, 7, 0)  # days before the end


def days_left(ends: int, now: float) -> int:
    """Whole days; negative: it has ended."""
    return int((ends - now) // DAY)


def date_of(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def warn(notices: Notices, idp: IdentityProvider, what: str, name: str, ends: int, now: float) -> None:
    """Once at each threshold. what: `certificate`, `client_secret`; name: which one, no secret."""
    left = days_left(ends, now)
    crossed = min((days for days in EARLY if left < days), default=None)
    if crossed is None or not notices.once(idp.tenant, f"{what} of {idp.id} {name} {ends} {crossed}", ends + 90 * DAY):
        return
    log.warning("%s of %s/%s ends on %s: %d days", what, idp.tenant, idp.id, date_of(ends), left)
    detail = {"name": name, "ends": date_of(ends), "days": str(left)}
    event = AuditEvent("upstream.ends", "failure", "", tenant=idp.tenant, idp=idp.id, reason=what, detail=detail)
    notices.record(event)
