"""What an application hears: by redirect to its proven redirect URI, or as JSON (RFC 6749 §4.1.2.1, §5.2)."""

from __future__ import annotations

from broker.errors.base import BrokerError


class OAuthError(BrokerError):
    code = "invalid_request"
    status = 400
    public = "The request is not valid."


class InvalidRequest(OAuthError):
    pass


class InvalidClient(OAuthError):
    code = "invalid_client"
    status = 401
    public = "Client authentication failed."


class InvalidGrant(OAuthError):
    code = "invalid_grant"
    public = "The grant is not valid, has expired, was used or was revoked."


class InvalidScope(OAuthError):
    code = "invalid_scope"
    public = "A requested scope is not allowed for this client."


class InvalidTarget(OAuthError):
    code = "invalid_target"
    public = "The requested audience is not allowed."


class UnauthorizedClient(OAuthError):
    code = "unauthorized_client"
    public = "This client may not do that."


class UnsupportedGrantType(OAuthError):
    code = "unsupported_grant_type"
    public = "This grant type is not supported."


class UnsupportedResponseType(OAuthError):
    code = "unsupported_response_type"
    public = "This response type is not supported; use response_type=code."


class AccessDenied(OAuthError):
    code = "access_denied"
    status = 403
    public = "Access was denied."


class LoginRequired(OAuthError):
    code = "login_required"
    public = "The user must sign in."


class InteractionRequired(OAuthError):
    code = "interaction_required"
    public = "The user must choose where to sign in."


class ApprovalRequired(InteractionRequired):
    """A second person has to say yes. approval: what they say it to, and what comes with the same request then."""

    public = "Somebody else has to approve this. Send the same request with this approval after that."

    def __init__(self, reason: str, approval: str) -> None:
        super().__init__(reason)
        self.approval = approval


class ConsentRequired(OAuthError):
    code = "consent_required"
    public = "The user must allow the application what it asks for."


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0; RFC 9470 §5."""

    code = "unmet_authentication_requirements"
    public = "The user did not sign in the way that the application requires."


class RequestNotSupported(OAuthError):
    code = "request_not_supported"
    public = "A request object must be signed."


class RequestUriNotSupported(OAuthError):
    code = "request_uri_not_supported"
    public = "A request_uri must be one that this service gave at its pushed authorization request endpoint."


class InvalidRequestObject(OAuthError):
    """RFC 9101 §7."""

    code = "invalid_request_object"
    public = "The request object is not valid."


class ServerError(OAuthError):
    code = "server_error"
    status = 500
    public = "Something went wrong on our side."


class TemporarilyUnavailable(OAuthError):
    code = "temporarily_unavailable"
    status = 503
    public = "The service is busy. Try again in a moment."


class TooManyRequests(TemporarilyUnavailable):
    """A limit was reached. wait: seconds until the same may be tried again (RFC 6585 §4)."""

    status = 429
    public = "Too many requests came from your network. Wait a minute and try again."

    def __init__(self, reason: str, public: str | None = None, *, wait: int) -> None:
        super().__init__(reason, public)
        self.wait = wait


class InvalidToken(OAuthError):
    """RFC 6750 §3.1, at userinfo."""

    code = "invalid_token"
    status = 401
    public = "The access token is not valid, has expired or was revoked."


class InvalidDpopProof(OAuthError):
    """RFC 9449 §5; at userinfo with 401 (§7.1)."""

    code = "invalid_dpop_proof"
    public = "The DPoP proof is not valid."


class UseDpopNonce(OAuthError):
    """RFC 9449 §8: the same request again, with `nonce` in its proof."""

    code = "use_dpop_nonce"
    public = "Put the nonce of the DPoP-Nonce header into the DPoP proof."

    def __init__(self, reason: str, nonce: str) -> None:
        super().__init__(reason)
        self.nonce = nonce


class AuthorizationPending(OAuthError):  # RFC 8628 §3.5: no failure, so nobody records it
    code = "authorization_pending"
    public = "Nobody has answered for this device yet. Ask again after the interval."


class SlowDown(OAuthError):
    code = "slow_down"
    public = "This device asks too often. Wait five seconds longer from now on."


class ExpiredToken(OAuthError):
    code = "expired_token"
    public = "Nobody answered for this device in time. Start again on the device."


class DeviceDenied(OAuthError):  # at /token every refusal is a 400 (RFC 6749 §5.2)
    code = "access_denied"
    public = "Access was denied on the page where the code of this device was typed."


class InsufficientScope(OAuthError):
    """RFC 6750 §3.1, at userinfo."""

    code = "insufficient_scope"
    status = 403
    public = "The access token was not granted the scope that this needs."
