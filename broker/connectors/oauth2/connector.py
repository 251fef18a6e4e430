"""The plain OAuth 2.0 side of the connector seam (RFC 6749 §4.1 with RFC 7636)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from broker.connectors.connector import Surroundings
from broker.connectors.oauth2.profile import fetch, identity_of, proven, with_address
from broker.connectors.oidc.answer import parameters, require_no_error, require_one_code, state_of
from broker.connectors.oidc.authorization_request import max_age, prompt_of
from broker.connectors.oidc.client_proof import by_secret, require_secret
from broker.connectors.oidc.token_request import access_token_of, ask, for_code
from broker.errors import AccessDenied, AssertionRejected
from broker.model import AuthRequest, Begun, Callback, Identity, IdentityProvider, OAuth2Settings, Redirect


class OAuth2Connector:
    """One upstream of one tenant that knows no ID tokens.

    Our callback is an address of this IdP alone, which is what keeps two of them apart (RFC 9700 §4.4.2.2).
    """

    event = "oauth_rp"
    path = "callback"
    correlation: Mapping[str, str] = {
        "missing": "state",
        "unknown": "state",
        "browser": "state_session",
        "consumed": "state_consumed",
        "expired": "state_expired",
        "tenant": "state_tenant",
    }

    def __init__(self, idp: IdentityProvider, surroundings: Surroundings) -> None:
        self._idp = idp
        self._settings = _settings_of(idp)
        self._outbound = surroundings.outbound

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        """Redirect to the IdP. Raises AccessDenied reauthentication_unproven, UpstreamUnavailable."""
        require_secret(self._settings.client_secret)
        _require_no_freshness(request)
        verifier = secrets.token_urlsafe(48)
        prompt = prompt_of(self._idp, request)
        asked = {
            "redirect_uri": callback_url,
            "scope": " ".join(self._settings.scopes),
            "state": request.id,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            **({"prompt": prompt} if prompt else {}),
        }
        endpoint, client_id = self._settings.authorization_endpoint, self._settings.client_id
        url = prepare_grant_uri(endpoint, client_id, "code", **{**self._settings.authorize, **asked})
        return Begun(Redirect(url), {"verifier": verifier})

    def correlate(self, callback: Callback) -> str | None:
        """The AuthRequest id in `state`. Raises AssertionRejected: response_mode, implicit, state."""
        return state_of(callback, "query")

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        """Raises AssertionRejected: upstream_error, code, token_error, token_response, profile, emails, subject."""
        given = parameters(callback, "query")
        require_no_error(given)
        form = for_code(require_one_code(given), request.memory["verifier"], callback_url)
        proof = by_secret(self._settings.client_auth, self._settings.client_id, self._settings.client_secret)
        access_token = access_token_of(ask(self._outbound, self._settings.token_endpoint, proof, form))
        if access_token is None:
            raise AssertionRejected("token_response", detail="there is no access_token")
        profile = fetch(
            self._outbound, proven(self._settings, self._settings.profile_endpoint, access_token), access_token
        )
        if self._settings.emails_endpoint is not None:
            emails = proven(self._settings, self._settings.emails_endpoint, access_token)
            profile = with_address(profile, self._outbound, emails, access_token)
        return identity_of(self._idp, self._settings, profile)

    def metadata(self, callback_url: str) -> tuple[str, bytes] | None:  # noqa: ARG002  the seam's signature
        """There is no document: the IdP's admin enters the callback URL."""
        return None


def _settings_of(idp: IdentityProvider) -> OAuth2Settings:
    if idp.oauth2 is None:
        raise ValueError(f"{idp.tenant}/{idp.id} is not an OAuth 2.0 provider")
    return idp.oauth2


def _require_no_freshness(request: AuthRequest) -> None:
    """Nothing here says when somebody signed in, so nobody is sent away to prove it."""
    if max_age(request) is not None:
        raise AccessDenied(
            "reauthentication_unproven",
            "The application asks for a fresh sign-in, which this identity provider cannot prove.",
        )
