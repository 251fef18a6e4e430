"""What an upstream OpenID provider tells us when somebody signs out there.

/t/<tenant>/oidc/<idp>/backchannel-logout    POST logout_token, from server to server (Back-Channel Logout 1.0 §2.5)
/t/<tenant>/oidc/<idp>/frontchannel-logout   GET iss and sid, in a frame of the provider's page (Front-Channel 1.0 §3)

Both end sessions of this tenant's IdP alone, and pass the news on to every application that saw them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, request

from broker import policy
from broker.connectors import Connectors, LoggedOut, Tells
from broker.errors import AccessDenied, BrokerError, InvalidRequest, TokenRejected
from broker.model import Configuration, IdentityProvider, Session
from broker.oauth2.parameters import one, repeated
from broker.signout import SignOut
from broker.store import Store, Transaction
from broker.web.headers import content_security_policy
from broker.web.pages import Pages
from broker.web.parameters import posted, queried

PER_SECOND = 20  # logout tokens of one IdP; more is no sign-out but a flood
AT_ONCE = 200


class TooMany(BrokerError):
    code = "temporarily_unavailable"
    status = 429
    public = "There are too many sign-outs at once. Try again in a moment."


class Allowance:
    """So many at once, and so many a second, for each (tenant, IdP): there are as many of them as are configured."""

    def __init__(self, clock: Callable[[], float], *, per_second: float = PER_SECOND, at_once: float = AT_ONCE) -> None:
        self._clock = clock
        self._per_second = per_second
        self._at_once = at_once
        self._left: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def spend(self, tenant: str, idp: str) -> bool:
        now = self._clock()
        with self._lock:
            left, since = self._left.get((tenant, idp), (self._at_once, now))
            left = min(self._at_once, left + max(0.0, now - since) * self._per_second)
            self._left[tenant, idp] = (max(0.0, left - 1), now)
        return left >= 1


@dataclass(frozen=True, slots=True)
class UpstreamLogout:
    live: Callable[[], Configuration]
    store: Store
    connectors: Connectors
    signout: SignOut
    pages: Pages
    clock: Callable[[], float]
    allowance: Allowance = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowance", Allowance(self.clock))

    def blueprint(self) -> Blueprint:
        routes = Blueprint("upstream_logout", __name__)
        at = "/t/<tenant>/oidc/<idp>"
        routes.add_url_rule(f"{at}/backchannel-logout", "back", self.back, methods=["POST"])
        routes.add_url_rule(f"{at}/frontchannel-logout", "front", self.front)
        return routes

    def back(self, tenant: str, idp: str) -> Response:
        """200, or 400 with the reason in the audit event (§2.8)."""
        configuration, provider = self._provider(tenant, idp)
        connector = self.connectors.of(provider)
        if not isinstance(connector, Tells):
            abort(404)
        try:
            self._require_allowance(provider)
            told = connector.logged_out(_logout_token())
            ending = self._named(provider, told.upstream, told.sid, told.sub)
            self.signout.end(configuration, ending, reason="upstream_logout", before=_once(provider, told))
        except BrokerError as refused:
            raise refused.about(event="oidc_rp.logout_rejected", tenant=tenant, idp=idp) from None
        return Response(status=200, headers={"Cache-Control": "no-store"})

    def front(self, tenant: str, idp: str) -> Response:
        """Whatever it names, the answer looks the same; a session ends only by its issuer and its `sid` together."""
        configuration, provider = self._provider(tenant, idp)
        asked = queried(request)
        upstream, sid = _upstream(provider, one(asked, "iss")), one(asked, "sid")
        ending = () if upstream is None or sid is None else self._named(provider, upstream, sid, None)
        frames = self.signout.end(configuration, ending, reason="upstream_logout")
        response = self.pages.signed_out(frames=frames)
        # nothing on the page can be pressed; `frame-ancestors` goes before X-Frame-Options (CSP 3 §6.4.2)
        response.headers["Content-Security-Policy"] = content_security_policy(frames=frames, ancestors=_page(provider))
        return response

    def _provider(self, tenant: str, idp: str) -> tuple[Configuration, IdentityProvider]:
        """404 for whatever may not be used: an outsider learns nothing of customers."""
        configuration = self.live()
        try:
            _, provider = policy.usable_provider(configuration, tenant, idp)
        except AccessDenied:
            abort(404)
        if provider.oidc is None:
            abort(404)
        return configuration, provider

    def _require_allowance(self, provider: IdentityProvider) -> None:
        if not self.allowance.spend(provider.tenant, provider.id):
            raise TooMany("logout_flood")

    def _named(
        self, provider: IdentityProvider, upstream: str, sid: str | None, sub: str | None
    ) -> tuple[Session, ...]:
        return self.store.of(provider.tenant).sessions_named(provider.id, upstream, sid=sid, sub=sub)


def _upstream(provider: IdentityProvider, issuer: str | None) -> str | None:
    """How our sessions call this issuer, whichever of its spellings it uses; None: it is not the IdP's."""
    settings = provider.oidc
    if settings is None or issuer not in (settings.issuers or (settings.issuer,)):
        return None
    return issuer if settings.of_many_tenants else settings.issuer


def _page(provider: IdentityProvider) -> str:
    """The provider's pages may frame the answer; many show them on a host of another name."""
    origin = "://".join(urlsplit(provider.oidc.issuer)[:2]) if provider.oidc else ""
    return f"https: {origin}".rstrip()


def _logout_token() -> str:
    """Raises InvalidRequest: content_type, repeated, logout_token."""
    form = posted(request)
    if repeated(form) is not None:
        raise InvalidRequest("repeated", "Send each parameter once.")
    token = one(form, "logout_token")
    if token is None:
        raise InvalidRequest("logout_token", "Send the logout_token.")
    return token


def _once(provider: IdentityProvider, told: LoggedOut) -> Callable[[Transaction], None]:
    """§2.6 (8): a token that comes again ends no session that began since."""

    def remember(transaction: Transaction) -> None:
        if not transaction.of(provider.tenant).remember_once(f"{provider.id} {told.replay_key}", told.replay_until):
            raise TokenRejected("replay")

    return remember
