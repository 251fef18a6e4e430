"""What went wrong at an identity provider. No text of its own reaches a browser."""

from __future__ import annotations

from broker.errors.base import BrokerError
from broker.errors.oauth import TemporarilyUnavailable


class UpstreamError(BrokerError):
    code = "access_denied"
    status = 400
    public = "Your organisation's identity provider did not give a valid answer."


class AssertionRejected(UpstreamError):
    """A check failed on what the IdP sent. `reason` names the check; nothing may be issued."""


class UpstreamUnavailable(UpstreamError):
    code = "temporarily_unavailable"
    status = 503
    public = "Your organisation's identity provider is not answering. Try again in a moment."


class EnrichmentUnavailable(TemporarilyUnavailable, UpstreamUnavailable):
    """A tenant's own service does not answer, and the tenant lets nobody in without it: no fault of its IdP's."""
