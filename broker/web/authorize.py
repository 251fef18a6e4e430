"""GET and POST /authorize, /login and /login/cancel: from a client's request to the IdP, to a page, or to a code.

Errors before client and redirect URI are proven are pages; after that they leave by redirect. The pages are stateless:
each carries the client's own parameters back to /authorize, so nothing is stored for somebody who only looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlencode

from flask import Blueprint, Request, Response, request

from broker import home_realm
from broker.audit import new_reference
from broker.errors import (
    AccessDenied,
    BrokerError,
    InteractionRequired,
    InvalidRequest,
    LoginRequired,
    OAuthError,
    TooManyRequests,
)
from broker.limits import Limits, Rate, network_of
from broker.model import AuthRequest, Client, Configuration, HomeRealm, Redirect, Session
from broker.oauth2.parameters import Parameters
from broker.oauth2.request import IdTokenHint, ParsedRequest, ProvenClient, parse, prove_client
from broker.sessions import Sessions
from broker.signin import Completed, SignIn, Started
from broker.web import home_realm_page
from broker.web.cookies import Cookies
from broker.web.pages import Pages
from broker.web.responses import to_client

Address = IPv4Address | IPv6Address
LOOKUPS = Rate("home realm lookups", amount=30, seconds=60)  # different domains, of one client network
AFRESH = frozenset({"login", "select_account"})
AMBIENT = frozenset({"cookie", "network"})  # signals that nobody gave for this request
REFUSED: Mapping[str, type[OAuthError]] = {"tenant_suspended": AccessDenied, "client_tenant": AccessDenied}


@dataclass(frozen=True, slots=True)
class Asked:
    """One proven request, its home realm, and the browser it came from."""

    configuration: Configuration
    client: Client
    request: AuthRequest
    realm: HomeRealm
    unverified: Parameters
    ip: Address


@dataclass(frozen=True, slots=True)
class Authorize:
    issuer: str
    live: Callable[[], Configuration]
    signin: SignIn
    sessions: Sessions
    cookies: Cookies
    pages: Pages
    address: Callable[[Request], Address]
    read_hint: Callable[[str], IdTokenHint]
    stands: Callable[[Configuration, Session], bool]
    clock: Callable[[], float]
    limits: Limits

    def blueprint(self) -> Blueprint:
        routes = Blueprint("authorize", __name__)
        routes.add_url_rule("/authorize", "authorize", self.authorize, methods=["GET", "POST"])
        routes.add_url_rule("/login", "login", self.login)
        routes.add_url_rule("/login/cancel", "cancel", self.cancel)
        return routes

    def authorize(self) -> Response:
        return self._answer(self._proceed)

    def login(self) -> Response:
        """The home realm page itself; it forgets this browser's home realms when asked to."""
        if home_realm_page.FORGET in request.args:
            kept = [(name, value) for name, value in request.args.items(multi=True) if name != home_realm_page.FORGET]
            response = Response(status=303, headers={"Location": f"{self.issuer}/login?{urlencode(kept)}"})
            self.cookies.forget_realms(response)
            return response
        return self._answer(self._page)

    def cancel(self) -> Response:
        return self._answer(_cancelled)

    def _answer(self, act: Callable[[Asked], Response]) -> Response:
        """Prove the client, then the rest; what fails in between knows where it may go."""
        unverified = _every_value()
        configuration = self.live()
        try:
            proven = prove_client(unverified, configuration)
        except BrokerError as error:
            error.about(event="authorize.rejected")
            raise
        reference = new_reference()
        try:
            return _acted(act, self._asked(configuration, proven, unverified, reference))
        except BrokerError as error:
            error.about(event="authorize.rejected", reference=reference, client_id=proven.client.client_id)
            error.leaving_by(proven.redirect_uri, proven.state)
            raise

    def _asked(
        self, configuration: Configuration, proven: ProvenClient, unverified: Parameters, reference: str
    ) -> Asked:
        parsed = parse(
            unverified,
            proven,
            request_id="",
            reference=reference,
            now=int(self.clock()),
            read_hint=self.read_hint,
        )
        ip = self.address(request)
        realm = self._home_realm(configuration, proven.client, parsed, unverified, ip)
        asked = replace(parsed.request, asked_tenant=realm.active_tenant)
        return Asked(configuration, proven.client, asked, realm, unverified, ip)

    def _home_realm(
        self,
        configuration: Configuration,
        client: Client,
        parsed: ParsedRequest,
        unverified: Parameters,
        ip: Address,
    ) -> HomeRealm:
        active = home_realm.active_tenant(
            configuration,
            tenant=parsed.tenant_parameter,
            acr_tenant=parsed.tenant_acr,
            redirect_label=parsed.redirect_label,
        )
        if active.reason is not None:
            raise InvalidRequest(active.reason, home_realm.PUBLIC[active.reason])
        realm = home_realm.decide(
            configuration,
            client,
            asked_tenant=active.tenant,
            asked_idp=parsed.request.asked_idp,
            email=parsed.request.login_hint,
            domain_hint=parsed.request.domain_hint,
            ip=ip,
            remembered=self.cookies.realms(request),
            chosen=home_realm_page.chosen(unverified),
            ask="select_account" in parsed.request.prompt,
            tried=active.tried,
        )
        self._count_lookups(realm, parsed.request, ip)
        if realm.reason is not None:
            refusal = REFUSED.get(realm.reason, InvalidRequest)
            raise refusal(realm.reason, home_realm.PUBLIC[realm.reason]).about(tenant=active.tenant)
        return realm

    def _count_lookups(self, realm: HomeRealm, wanted: AuthRequest, ip: Address) -> None:
        """Which domains are served cannot be hidden (contract section 2): so nobody may try many, served or not."""
        for domain in home_realm.domains_told(realm, email=wanted.login_hint, domain_hint=wanted.domain_hint):
            wait = self.limits.wait_for_another(LOOKUPS, network_of(ip), domain)
            if wait is not None:
                raise TooManyRequests("too_many_lookups", wait=wait).about(tenant=realm.active_tenant)

    def _proceed(self, asked: Asked) -> Response:
        """Single sign-on where it may be used, else the IdP, else the page; `prompt=none` never leaves or asks."""
        silent = "none" in asked.request.prompt
        if silent and asked.realm.active_tenant is None and self._undecided(asked):
            raise InteractionRequired("home_realm_undecided")
        session = self._session(asked)
        if session is not None and self.stands(asked.configuration, session):
            return self._resumed(asked, session)
        if silent and asked.realm.outcome == "chooser":
            raise InteractionRequired("home_realm_undecided")
        if silent:
            raise LoginRequired("no_session")
        if asked.realm.outcome == "chooser":
            return self._page(asked)
        return self._started(asked)

    def _undecided(self, asked: Asked) -> bool:
        """Contract section 3: what this browser did last does not choose between the tenants it is signed in to."""
        if asked.realm.outcome == "chooser":
            return True
        browser = self.cookies.session(request)
        if browser is None or asked.realm.signal not in AMBIENT:
            return False
        found = self.sessions.find(asked.configuration, asked.client, browser, tenant=None, idp=None, ip=asked.ip)
        return len({session.tenant for session in found}) > 1

    def _session(self, asked: Asked) -> Session | None:
        """This browser's one session that answers the request as it is asked; None: sign in again."""
        browser = self.cookies.session(request)
        prompt = asked.request.prompt
        if browser is None or prompt & AFRESH:
            return None
        realm = asked.realm
        decided = realm.outcome == "redirect"
        if not decided and asked.request.login_hint is not None:
            return None
        found = self.sessions.find(
            asked.configuration,
            asked.client,
            browser,
            tenant=realm.active_tenant or realm.tenant,
            idp=(str(realm.tenant), str(realm.idp)) if decided else None,
            ip=asked.ip,
        )
        fitting = [session for session in found if self._fits(asked, session)]
        return fitting[0] if len(fitting) == 1 or (decided and fitting) else None

    def _fits(self, asked: Asked, session: Session) -> bool:
        """OIDC Core §3.1.2.1: recent enough for max_age, and the person that the hints name."""
        wanted = asked.request
        age_unknown = session.auth_time is None
        if wanted.max_age is not None and (age_unknown or self.clock() - int(session.auth_time or 0) > wanted.max_age):
            return False
        if wanted.id_token_hint_sub is not None and session.sub != wanted.id_token_hint_sub:
            return False
        return self.sessions.may_be(asked.configuration, session, wanted.login_hint)

    def _resumed(self, asked: Asked, session: Session) -> Response:
        request_ = replace(asked.request, tenant=session.tenant, home_tenant=session.home_tenant, idp=session.idp)
        return self._completed(self.signin.resume(asked.configuration, request_, session, asked.ip))

    def _started(self, asked: Asked) -> Response:
        wanted, realm = asked.request, asked.realm
        request_ = replace(
            wanted,
            tenant=realm.active_tenant or realm.tenant,
            home_tenant=realm.tenant,
            idp=realm.idp,
            reauthenticate=bool(wanted.prompt & AFRESH) or wanted.max_age == 0,
        )
        started = self.signin.start(asked.configuration, request_, asked.ip)
        response = self._sent(started, home_realm_page.cancel_href(asked.unverified))
        self.cookies.set_transaction(response, request, started.name, started.cookie)
        return response

    def _sent(self, started: Started, cancel_href: str) -> Response:
        if isinstance(started.action, Redirect):
            return Response(status=303, headers={"Location": started.action.url, "Cache-Control": "no-store"})
        return self.pages.auto_post(started.action.url, started.action.fields, cancel_href)

    def _completed(self, completed: Completed) -> Response:
        return to_client(completed.request, self.issuer, {"code": completed.code})

    def _page(self, asked: Asked) -> Response:
        remembers = bool(self.cookies.realms(request))
        return home_realm_page.show(
            self.pages, asked.configuration, asked.client, asked.realm, asked.unverified, remembers=remembers
        )


def _acted(act: Callable[[Asked], Response], asked: Asked) -> Response:
    """From here on a failure belongs to a tenant, and its audit event says so."""
    try:
        return act(asked)
    except BrokerError as error:
        error.about(tenant=asked.realm.active_tenant or asked.realm.tenant, idp=asked.realm.idp)
        raise


def _cancelled(_: Asked) -> Response:
    raise AccessDenied("cancelled", "The sign-in was cancelled.")


def _every_value() -> Parameters:
    values = request.form if request.method == "POST" else request.args
    return {name: tuple(many) for name, many in values.lists()}
