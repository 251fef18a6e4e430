"""Every failure the broker answers for. One place in `web` turns them into HTTP.

    BrokerError                       code, status, public text, reason; `detail` for the log only
    |- ConfigurationError             carries every problem, each with file, line, column, path and remedy
    |- TokenRejected                  a JWT failed a check of `jose`; the caller maps it to its own error
    |- StoreError                     the store is unreachable or not at head
    |- ShownError, Forged, TooManyGuesses   a page, never redirected: unknown client, bad redirect URI, lost state
    |- OAuthError                     redirect to a proven redirect URI, or JSON
    |  |- InvalidRequest, InvalidClient, InvalidGrant, InvalidScope, InvalidTarget, UnauthorizedClient,
    |  |- UnsupportedGrantType, UnsupportedResponseType, AccessDenied, LoginRequired, InteractionRequired,
    |  |  UnmetAuthenticationRequirements,
    |  `- ServerError, TemporarilyUnavailable (TooManyRequests), InvalidToken, InsufficientScope, InvalidDpopProof,
    |     UseDpopNonce, RequestNotSupported, RequestUriNotSupported, InvalidRequestObject,
    |     AuthorizationPending, SlowDown, ExpiredToken, DeviceDenied,
    |     ApprovalRequired
    `- UpstreamError                  raised by connectors, with a `reason` (one a check)
       |- AssertionRejected           -> access_denied
       `- UpstreamUnavailable         -> temporarily_unavailable (EnrichmentUnavailable is an OAuthError too)

`reason` is the machine-readable cause: audit events carry it and tests assert it. `public` is shown to the user and
may leave by redirect; `detail` (expected and got, never a secret) goes to the log and the audit event only.
"""

from broker.errors.base import (
    BrokerError,
    ConfigurationError,
    Exit,
    Forged,
    Problem,
    ShownError,
    StoreError,
    TokenRejected,
    TooManyGuesses,
)
from broker.errors.oauth import (
    AccessDenied,
    ApprovalRequired,
    AuthorizationPending,
    ConsentRequired,
    DeviceDenied,
    ExpiredToken,
    InsufficientScope,
    InteractionRequired,
    InvalidClient,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidRequestObject,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    LoginRequired,
    OAuthError,
    RequestNotSupported,
    RequestUriNotSupported,
    ServerError,
    SlowDown,
    TemporarilyUnavailable,
    TooManyRequests,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UseDpopNonce,
)
from broker.errors.upstream import (
    AssertionRejected,
    EnrichmentUnavailable,
    UpstreamError,
    UpstreamUnavailable,
)

__all__ = [
    "AccessDenied",
    "ApprovalRequired",
    "AssertionRejected",
    "AuthorizationPending",
    "BrokerError",
    "ConfigurationError",
    "ConsentRequired",
    "DeviceDenied",
    "EnrichmentUnavailable",
    "Exit",
    "ExpiredToken",
    "Forged",
    "InsufficientScope",
    "InteractionRequired",
    "InvalidClient",
    "InvalidDpopProof",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidRequestObject",
    "InvalidScope",
    "InvalidTarget",
    "InvalidToken",
    "LoginRequired",
    "OAuthError",
    "Problem",
    "RequestNotSupported",
    "RequestUriNotSupported",
    "ServerError",
    "ShownError",
    "SlowDown",
    "StoreError",
    "TemporarilyUnavailable",
    "TokenRejected",
    "TooManyGuesses",
    "TooManyRequests",
    "UnauthorizedClient",
    "UnmetAuthenticationRequirements",
    "UnsupportedGrantType",
    "UnsupportedResponseType",
    "UpstreamError",
    "UpstreamUnavailable",
    "UseDpopNonce",
]
