"""The OpenID Connect side of the connector seam (OpenID Connect Core §3.1, authorization code with PKCE)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri

from broker.connectors.connector import Finding, LoggedOut, Surroundings
from broker.connectors.missing_groups import MissingGroups
from broker.connectors.oidc import access_token, logout_token, presented, renewal
from broker.connectors.oidc.answer import code_of, state_of
from broker.connectors.oidc.authorization_request import max_age, parameters
from broker.connectors.oidc.client_proof import Proof, prove, require_secret
from broker.connectors.oidc.end_session import end_session_url, remembered
from broker.connectors.oidc.id_token import Claims, Expected, Required, check, essential_claims, instant
from broker.connectors.oidc.identity import fetch_userinfo, fill_up, identity_of, upstream_of
from broker.connectors.oidc.provider import Provider
from broker.connectors.oidc.published import Published
from broker.connectors.oidc.token_request import Tokens, for_code, redeem
from broker.errors import AssertionRejected, TokenRejected
from broker.model import AuthRequest, Begun, Callback, Identity, IdentityProvider, OidcSettings, Redirect

RETURN = "/logout/upstream"  # where a provider sends browsers that signed out: one address for all of them


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
        self._rp_key = surroundings.rp_key
        self._us = surroundings.issuer
        self._groups = MissingGroups(idp, surroundings, self.event, None if idp.groups.client else self._proof_at)
        self._issuers = self._settings.issuers or (self._settings.issuer,)
        self._required = _required(self._settings)
        self._candidates = self._settings.subject or idp.profile.subject or ("sub",)
        self._published = Published(idp, self._settings, surroundings)

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        """Redirect to the IdP. Raises UpstreamUnavailable: client_secret_missing, discovery…, those of `outbound`."""
        if self._settings.client_auth in {"client_secret_basic", "client_secret_post"}:
            require_secret(self._settings.client_secret)
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        age = max_age(request)
        url = prepare_grant_uri(
            self._published.provider().authorization_endpoint,
            self._settings.client_id,
            "code",
            redirect_uri=callback_url,
            **parameters(self._idp, self._settings, request, nonce=nonce, verifier=verifier),
        )
        memory = {"nonce": nonce, "verifier": verifier, "begun_at": str(int(self._clock()))}
        return Begun(Redirect(url), memory if age is None else {**memory, "max_age": str(age)})

    def correlate(self, callback: Callback) -> str | None:
        """The AuthRequest id in `state`. Raises AssertionRejected: response_mode, implicit, state."""
        return state_of(callback, self._settings.response_mode)

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        """Redeem the code and verify what comes back; each module that is called lists its reasons."""
        provider = self._published.provider()
        code = code_of(callback, self._settings.response_mode, provider, self._issuers)
        form = for_code(code, request.memory["verifier"], callback_url, self._settings.resource)
        tokens = redeem(self._outbound, provider.token_endpoint, self._proof(provider), form)
        proven = self._proven(tokens, self._expected(request, code, tokens))
        filled = self._filled_up(provider, tokens, proven)
        identity = identity_of(self._idp, self._candidates, proven, filled, self._us)
        kept = tokens.refresh_token if self._idp.refresh is not None else None
        attributes = self._groups.filled_in(identity.attributes, proven.get("tid"), proven.get("oid"))
        more = remembered(tokens.id_token, proven) if self._settings.logout == "upstream" else {}
        return replace(identity, attributes=attributes, refresh_token=kept, logout={**identity.logout, **more})

    def introduce(self, token: str) -> Identity:
        """An ID token that a client brings. Raises AssertionRejected: those of `presented` and `identity_of`."""
        now, skew = int(self._clock()), self._idp.skew_seconds
        try:
            wanted = presented.expected(self._settings, self._issuers, token, self._required, now=now, skew=skew)
            proven = self._published.with_keys(
                lambda keys: presented.check(token, keys, self._settings.algorithms, wanted)
            )
        except TokenRejected as rejected:
            raise AssertionRejected(rejected.reason, detail=f"presented token: {rejected.detail}") from None
        identity = identity_of(self._idp, self._candidates, proven, proven, self._us)
        ends = instant(proven["exp"])
        attributes = self._groups.filled_in(identity.attributes, proven.get("tid"), proven.get("oid"))
        return replace(identity, attributes=attributes, session_ends=ends)

    def logged_out(self, message: str) -> LoggedOut:
        """A logout token. Raises TokenRejected: those of `logout_token.check`."""
        now, settings = int(self._clock()), self._settings
        expected = logout_token.Expected(
            self._issuers, settings.client_id, now, self._idp.skew_seconds, settings.of_many_tenants
        )
        told = self._published.with_keys(lambda keys: logout_token.check(message, keys, settings.algorithms, expected))
        return replace(told, upstream=upstream_of(self._idp, {"iss": told.upstream}))

    def sign_out(self, known: Mapping[str, str], name: str) -> Begun | None:
        """None: the provider publishes no end_session_endpoint. Raises UpstreamUnavailable."""
        endpoint = self._published.provider().end_session_endpoint
        if endpoint is None:
            return None
        back = f"{self._us}{RETURN}"
        return Begun(Redirect(end_session_url(endpoint, self._settings.client_id, known, back=back, name=name)), {})

    def vouch(self, identity: Identity, refresh_token: str, keep: Callable[[str], None]) -> None:
        """Is the person still welcome? Raises AssertionRejected: those of `renewal`; UpstreamUnavailable."""
        provider, settings = self._published.provider(), self._settings
        renewed = renewal.ask(self._outbound, provider.token_endpoint, self._proof(provider), refresh_token)
        if renewed.refresh_token is not None:
            keep(renewed.refresh_token)
        token = renewed.id_token
        if token is None:
            return
        before = renewal.Before(
            issuers=(identity.upstream,) if settings.of_many_tenants else self._issuers,
            subject=identity.logout.get("sub", ""),
            client_id=settings.client_id,
            auth_time=identity.auth_time,
            now=int(self._clock()),
            skew=self._idp.skew_seconds,
            many=settings.of_many_tenants,
        )
        try:
            self._published.with_keys(lambda keys: renewal.check(token, keys, settings.algorithms, before))
        except TokenRejected as rejected:
            raise AssertionRejected(rejected.reason, detail=f"refreshed ID token: {rejected.detail}") from None

    def metadata(self, callback_url: str) -> tuple[str, bytes] | None:  # noqa: ARG002  the seam's signature
        """There is no document: the IdP's admin enters the callback URL."""
        return None

    def renew(self) -> float:
        """Discovery and keys, behind the scenes; answers when it is time again. Raises UpstreamUnavailable."""
        return self._published.renew()

    def examine(self) -> Iterator[Finding]:
        """Reach the IdP now, whatever is kept."""
        return self._published.examine()

    def approve(self, digest: str) -> tuple[str, ...]:
        """Trust the discovery document that waits under this digest."""
        return self._published.approve(digest)

    def _expected(self, request: AuthRequest, code: str, tokens: Tokens) -> Expected:
        memory = request.memory
        return Expected(
            issuers=self._issuers,
            client_id=self._settings.client_id,
            nonce=memory["nonce"],
            now=int(self._clock()),
            begun_at=int(memory["begun_at"]),
            skew=self._idp.skew_seconds,
            max_age=int(memory["max_age"]) if "max_age" in memory else None,
            code=code,
            access_token=tokens.access_token,
            required=self._required,
        )

    def _proof(self, provider: Provider) -> Proof:
        return self._proof_at(provider.token_endpoint)

    def _proof_at(self, endpoint: str) -> Proof:
        return prove(self._settings, endpoint, partial(self._rp_key, self._idp.tenant, self._idp.id), self._clock())

    def _proven(self, tokens: Tokens, expected: Expected) -> Claims:
        """The ID token's claims."""
        algorithms = self._settings.algorithms
        try:
            return self._published.with_keys(lambda keys: check(tokens.id_token, keys, algorithms, expected))
        except TokenRejected as rejected:
            raise AssertionRejected(rejected.reason, detail=f"ID token: {rejected.detail}") from None

    def _filled_up(self, provider: Provider, tokens: Tokens, proven: Claims) -> Claims:
        """OpenID Connect Core §5.3, where it is wanted and there is something to ask with."""
        if self._settings.access_token_claims:
            return fill_up(proven, self._said_in_access_token(provider, tokens.access_token))
        if self._settings.userinfo == "never" or provider.userinfo_endpoint is None or tokens.access_token is None:
            return proven
        said = fetch_userinfo(self._outbound, provider.userinfo_endpoint, tokens.access_token, proven["sub"])
        return fill_up(proven, said)

    def _said_in_access_token(self, provider: Provider, token: str | None) -> Claims:
        settings = self._settings
        if token is None:
            raise AssertionRejected("access_token", detail="there is no access token to read claims from")
        expected = access_token.Expected(
            issuer=provider.access_token_issuer,
            resource=settings.resource,
            client_id=settings.client_id,
            now=int(self._clock()),
            skew=self._idp.skew_seconds,
        )
        try:
            return self._published.with_keys(
                lambda keys: access_token.check(token, keys, settings.algorithms, expected)
            )
        except TokenRejected as rejected:
            reason = f"access_token_{rejected.reason}"
            raise AssertionRejected(reason, detail=f"access token: {rejected.detail}") from None


def _settings_of(idp: IdentityProvider) -> OidcSettings:
    if idp.oidc is None:
        raise ValueError(f"{idp.tenant}/{idp.id} is not an OpenID provider")
    return idp.oidc


def _required(settings: OidcSettings) -> Required:
    return Required(
        many=settings.of_many_tenants,
        acr_values=settings.acr_values,
        claims=essential_claims(settings.claims_request),
        hosted_domains=settings.hosted_domains,
    )
