"""Certificates and secrets end on a day that is known long before, clocks drift: somebody should hear of it in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from broker.connectors.connector import Finding, Notices
from broker.model import AuditEvent, IdentityProvider

log = logging.getLogger(__name__)

DAY = 86400
EARLY = (60, 30, 7, 0)  # days before the end
LAST = 7  # days
APART = 60  # seconds that an IdP's clock may be off: half of what most profiles allow


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


def end_finding(check: str, name: str, ends: int, now: float) -> Finding:
    """At fault in the last week: AD FS makes its next certificate 20 days before the end, and all is well till then."""
    left = days_left(ends, now)
    if left < 0:
        return Finding(check, False, f"{name} ended on {date_of(ends)}")
    return Finding(check, left >= LAST, f"{name} ends on {date_of(ends)}, in {left} days")


def clock_finding(headers: Mapping[str, str], now: float) -> Finding:
    """By the Date header of an answer that has just come (RFC 9110 §6.6.1)."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return Finding("clock", True, "unknown: the answer carries no date")
    apart = round(theirs - now)
    return Finding("clock", abs(apart) <= APART, f"{abs(apart)} seconds {'ahead of' if apart > 0 else 'behind'} ours")


def end_finding_soon(check: str, ends: float, now: float) -> Finding:
    """Of a document that its publisher renews all the time: only one that is over is at fault."""
    moment = datetime.fromtimestamp(ends, UTC).isoformat(timespec="minutes")
    return Finding(check, ends > now, f"good until {moment}")
