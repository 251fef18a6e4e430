"""The OpenID Connect side of the connector seam (OpenID Connect Core §3.1, authorization code with PKCE)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from broker import jose
from broker.connectors.connector import Surroundings
from broker.connectors.oidc.answer import code_of, state_of
from broker.connectors.oidc.id_token import Claims, Expected, check
from broker.connectors.oidc.identity import fetch_userinfo, fill_up, identity_of
from broker.connectors.oidc.kept import Kept, Shelf
from broker.connectors.oidc.provider import Provider, discovery_url, read_provider
from broker.connectors.oidc.token_request import Tokens, redeem, require_secret
from broker.errors import AssertionRejected, TokenRejected, UpstreamUnavailable
from broker.model import AuthRequest, Begun, Callback, Identity, IdentityProvider, OidcSettings, Redirect

_HOUR = 3600
_PASSED_ON = frozenset({"login", "select_account"})  # values of `prompt` that the IdP may hear


class OidcConnector:
    """One upstream OpenID provider of one tenant."""

    event = "oidc_rp"
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
        self._clock = surroundings.clock
        self._loopback = surroundings.loopback
        documents, clock = surroundings.documents, surroundings.clock
        self._provider = Kept(
            Shelf(documents, idp.tenant, idp.id, "oidc_discovery"),
            clock,
            self._fetch_discovery,
            self._read_discovery,
            fresh=_HOUR,
            stale=12 * _HOUR,
        )
        self._keys = Kept(
            Shelf(documents, idp.tenant, idp.id, f"oidc_jwks {self._settings.issuer}"),
            clock,
            self._fetch_keys,
            _read_keys,
            fresh=_HOUR,
            stale=24 * _HOUR,
        )

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        """Redirect to the IdP. Raises UpstreamUnavailable: client_secret_missing, discovery…, those of `outbound`."""
        if self._settings.client_auth != "none":
            require_secret(self._settings)
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        max_age = _max_age(request)
        url = prepare_grant_uri(
            self._provider.current().authorization_endpoint,
            self._settings.client_id,
            "code",
            redirect_uri=callback_url,
            scope=" ".join(self._settings.scopes or self._idp.profile.scopes),
            state=request.id,
            response_mode="query",
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            login_hint=request.login_hint,
            prompt=_prompt(request),
            max_age=None if max_age is None else str(max_age),
        )
        memory = {"nonce": nonce, "verifier": verifier, "begun_at": str(int(self._clock()))}
        return Begun(Redirect(url), memory if max_age is None else {**memory, "max_age": str(max_age)})

    def correlate(self, callback: Callback) -> str | None:
        """The AuthRequest id in `state`. Raises AssertionRejected: response_mode, implicit, state."""
        return state_of(callback)

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        """Redeem the code and verify what comes back; each module that is called lists its reasons."""
        provider = self._provider.current()
        code = code_of(callback, provider)
        tokens = redeem(
            self._outbound,
            provider.token_endpoint,
            self._settings,
            code=code,
            verifier=request.memory["verifier"],
            callback_url=callback_url,
        )
        proven = self._proven(tokens, self._expected(request, code, tokens))
        filled = self._filled_up(provider, tokens, proven)
        return identity_of(self._idp, self._settings.subject or self._idp.profile.subject or ("sub",), proven, filled)

    def metadata(self, callback_url: str) -> tuple[str, bytes] | None:  # noqa: ARG002  the seam's signature
        """There is no document: the IdP's admin enters the callback URL."""
        return None

    def probe(self) -> None:
        """Reach the IdP: discovery and keys. Raises UpstreamUnavailable."""
        self._provider.current()
        self._keys.current()

    def _expected(self, request: AuthRequest, code: str, tokens: Tokens) -> Expected:
        memory = request.memory
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=memory["nonce"],
            now=int(self._clock()),
            begun_at=int(memory["begun_at"]),
            skew=self._idp.skew_seconds,
            max_age=int(memory["max_age"]) if "max_age" in memory else None,
            code=code,
            access_token=tokens.access_token,
        )

    def _proven(self, tokens: Tokens, expected: Expected) -> Claims:
        """The ID token's claims; a key that we do not know yet is looked for once, a cool-down apart."""
        keys = self._keys.current()
        algorithms = self._settings.algorithms
        try:
            try:
                return check(tokens.id_token, keys, algorithms, expected)
            except TokenRejected as rejected:
                newer = self._keys.newer() if rejected.reason == "key" else keys
                if newer is keys:
                    raise
            return check(tokens.id_token, newer, algorithms, expected)
        except TokenRejected as rejected:
            raise AssertionRejected(rejected.reason, detail=f"ID token: {rejected.detail}") from None

    def _filled_up(self, provider: Provider, tokens: Tokens, proven: Claims) -> Claims:
        """OpenID Connect Core §5.3, where it is wanted and there is something to ask with."""
        if self._settings.userinfo == "never" or provider.userinfo_endpoint is None or tokens.access_token is None:
            return proven
        said = fetch_userinfo(self._outbound, provider.userinfo_endpoint, tokens.access_token, proven["sub"])
        return fill_up(proven, said)

    def _fetch_discovery(self) -> bytes:
        return self._outbound.get(discovery_url(self._settings.issuer), accept="application/json").body

    def _read_discovery(self, body: bytes) -> Provider:
        return read_provider(body, self._settings.issuer, loopback=self._loopback)

    def _fetch_keys(self) -> bytes:
        return self._outbound.get(self._provider.current().jwks_uri, accept="application/json").body


def _settings_of(idp: IdentityProvider) -> OidcSettings:
    if idp.oidc is None:
        raise ValueError(f"{idp.tenant}/{idp.id} is not an OpenID provider")
    return idp.oidc


def _read_keys(body: bytes) -> jose.KeySet:
    """A set without one usable key is no news: the last known good one stays."""
    try:
        keys = jose.parse_jwks(body)
    except TokenRejected:
        raise UpstreamUnavailable("jwks", detail="not a JWK Set") from None
    if not keys.keys:
        raise UpstreamUnavailable("jwks", detail="no usable key in the JWK Set")
    return keys


def _max_age(request: AuthRequest) -> int | None:
    """Seconds since the person last authenticated that the IdP may accept; None: as long ago as it likes."""
    if "login" in request.prompt or (request.reauthenticate and request.max_age is None):
        return 0
    return request.max_age


def _prompt(request: AuthRequest) -> str | None:
    wanted = set(request.prompt & _PASSED_ON)
    if _max_age(request) == 0:
        wanted.add("login")
    return " ".join(sorted(wanted)) or None
