"""GET and POST /authorize, /login and /login/cancel: from a client's request to the IdP, to a page, or to a code.

Errors before client and redirect URI are proven are pages; after that they leave by redirect. The pages are stateless:
each carries the client's own parameters back to /authorize, so nothing is stored for somebody who only looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    StoreError,
)
from broker.model import AuthRequest, Client, Configuration, HomeRealm, Redirect, Session
from broker.oauth2.parameters import Parameters
from broker.oauth2.request import Hints, ParsedRequest, parse
from broker.oauth2.return_address import ProvenClient, named_client, prove_client
from broker.sessions import Sessions
from broker.signin import Offer, SignIn, Started, Switching
from broker.web import home_realm_page
from broker.web.asked import Address, Asked, named_tenant
from broker.web.cookies import Cookies
from broker.web.lookups import Lookups
from broker.web.pages import Pages
from broker.web.requested import Requested, Requests
from broker.web.responses import concluded

AFRESH = frozenset({"login", "select_account"})
AMBIENT = frozenset({"cookie", "network"})  # signals that nobody gave for this request
UNSAID = AMBIENT | {"only_idp"}
REFUSED: Mapping[str, type[OAuthError]] = {"tenant_suspended": AccessDenied, "client_tenant": AccessDenied}


@dataclass(frozen=True, slots=True)
class Authorize:
    issuer: str
    live: Callable[[], Configuration]
    signin: SignIn
    switching: Switching
    sessions: Sessions
    cookies: Cookies
    pages: Pages
    requests: Requests
    address: Callable[[Request], Address]
    hints: Hints
    stands: Callable[[Configuration, Session], bool]
    clock: Callable[[], float]
    lookups: Lookups

    def blueprint(self) -> Blueprint:
        routes = Blueprint("authorize", __name__)
        routes.add_url_rule("/authorize", "authorize", self.authorize, methods=["GET", "POST"])
        routes.add_url_rule("/login", "login", self.login)
        routes.add_url_rule("/login/cancel", "cancel", self.cancel)
        return routes

    def authorize(self) -> Response:
        return self.answer(self._proceed)

    def login(self) -> Response:
        """The home realm page itself; it forgets this browser's home realms when asked to."""
        if home_realm_page.FORGET in request.args:
            kept = [(name, value) for name, value in request.args.items(multi=True) if name != home_realm_page.FORGET]
            response = Response(status=303, headers={"Location": f"{self.issuer}/login?{urlencode(kept)}"})
            self.cookies.forget_realms(response)
            return response
        return self.answer(self._page)

    def cancel(self) -> Response:
        return self.answer(self._cancelled)

    def answer(self, act: Callable[[Asked], Response]) -> Response:
        """Prove the client, then the rest; what fails in between knows where it may go."""
        configuration = self.live()
        try:
            requested = self.requests.read(_every_value(), configuration)
            proven = _proven(requested, configuration)
        except BrokerError as error:
            error.about(event="authorize.rejected")
            raise
        reference = new_reference()
        try:
            return _acted(act, self._asked(configuration, proven, requested, reference))
        except BrokerError as error:
            error.about(event="authorize.rejected", reference=reference, client_id=proven.client.client_id)
            if requested.came.device is None:
                error.leaving_by(proven.redirect_uri, proven.state, proven.response_mode)
            if not isinstance(error, StoreError):
                self.requests.use_up(requested.came)
            raise

    def _asked(self, configuration: Configuration, proven: ProvenClient, requested: Requested, reference: str) -> Asked:
        unverified = requested.parameters
        parsed = parse(
            unverified,
            proven,
            configuration,
            reference=reference,
            now=int(self.clock()),
            hints=self.hints,
            came=requested.came,
        )
        ip = self.address(request)
        realm = self._home_realm(configuration, proven.client, parsed, unverified, ip)
        asked = replace(parsed.request, asked_tenant=realm.active_tenant)
        return Asked(configuration, proven.client, asked, realm, requested.carried, ip)

    def _home_realm(
        self,
        configuration: Configuration,
        client: Client,
        parsed: ParsedRequest,
        unverified: Parameters,
        ip: Address,
    ) -> HomeRealm:
        active = named_tenant(configuration, parsed)
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
        self.lookups.count(realm, parsed.request, ip)
        if realm.reason is not None:
            refusal = REFUSED.get(realm.reason, InvalidRequest)
            raise refusal(realm.reason, home_realm.PUBLIC[realm.reason]).about(tenant=active.tenant)
        return realm

    def _proceed(self, asked: Asked) -> Response:
        """Single sign-on where it may be used, else the IdP, else the page; `prompt=none` never leaves or asks."""
        silent = "none" in asked.request.prompt
        if silent and asked.realm.active_tenant is None and self._undecided(asked):
            raise InteractionRequired("home_realm_undecided")
        found = self._found(asked)
        session = self._session(asked, found)
        if session is not None and self.stands(asked.configuration, session):
            return self.resumed(asked, session)
        if silent and asked.realm.outcome == "chooser":
            raise InteractionRequired("home_realm_undecided")
        if silent:
            raise LoginRequired(self._why_none(asked, found))
        if asked.realm.outcome == "chooser":
            return self._page(asked)
        if self._is_known_elsewhere(asked):
            switch = home_realm_page.link("/switch", home_realm_page.switch_fields(asked.carried))
            return Response(status=303, headers={"Location": switch, "Cache-Control": "no-store"})
        return self._started(asked)

    def offers(self, asked: Asked) -> tuple[Offer, ...]:
        browser = self.cookies.session(request)
        return () if browser is None else self.switching.offers(asked.configuration, asked.request, browser, asked.ip)

    def _is_known_elsewhere(self, asked: Asked) -> bool:
        """Nobody said who signs in here, and the browser's person is a guest of the active tenant: let them say."""
        if asked.realm.active_tenant is None or asked.realm.signal not in UNSAID or asked.request.prompt & AFRESH:
            return False
        offers = self.offers(asked)
        return bool(offers) and not any(offer.own and offer.source.home_tenant == offer.tenant for offer in offers)

    def _undecided(self, asked: Asked) -> bool:
        """Contract section 3: what this browser did last does not choose between the tenants it is signed in to."""
        if asked.realm.outcome == "chooser":
            return True
        browser = self.cookies.session(request)
        if browser is None or asked.realm.signal not in AMBIENT:
            return False
        found = self.sessions.find(asked.configuration, asked.client, browser, tenant=None, ip=asked.ip)
        return len({session.tenant for session in found}) > 1

    def _found(self, asked: Asked) -> tuple[Session, ...]:
        """This browser's sessions that may be looked at for the request."""
        browser = self.cookies.session(request)
        prompt = asked.request.prompt
        if browser is None or prompt & AFRESH:
            return ()
        realm = asked.realm
        decided = realm.outcome == "redirect"
        if not decided and asked.request.login_hint is not None:
            return ()
        tenant = realm.active_tenant or realm.tenant
        found = self.sessions.find(asked.configuration, asked.client, browser, tenant=tenant, ip=asked.ip)
        there = tuple(session for session in found if _is_at(realm, session))
        guessed = realm.active_tenant is not None and realm.signal in UNSAID  # a guest may be who is meant
        narrowed = there or not guessed
        return there if decided and narrowed and not (guessed and asked.request.id_token_hint_sub) else found

    def _session(self, asked: Asked, found: tuple[Session, ...]) -> Session | None:
        """The one that answers the request as it is asked; None: sign in again."""
        fitting = [session for session in found if self._fits(asked, session)]
        there = [session for session in fitting if _is_at(asked.realm, session)]
        return fitting[0] if len(fitting) == 1 else there[0] if there else None

    def _why_none(self, asked: Asked, found: tuple[Session, ...]) -> str:
        """What the browser's session lacks, where it has one."""
        lacking = (self.signin.shortcoming(asked.configuration, asked.request, session) for session in found)
        return next((reason for reason in lacking if reason is not None), "no_session")

    def _fits(self, asked: Asked, session: Session) -> bool:
        """OIDC Core §3.1.2.1: recent and strong enough, and the person that the hints name."""
        wanted = asked.request
        if self.signin.shortcoming(asked.configuration, wanted, session) is not None:
            return False
        if wanted.id_token_hint_sub is not None and session.sub != wanted.id_token_hint_sub:
            return False
        return self.sessions.may_be(asked.configuration, session, wanted.login_hint)

    def resumed(self, asked: Asked, session: Session) -> Response:
        request_ = replace(asked.request, tenant=session.tenant, home_tenant=session.home_tenant, idp=session.idp)
        outcome = self.signin.resume(asked.configuration, request_, session, asked.ip)
        return concluded(outcome, self.issuer, self.pages)

    def _started(self, asked: Asked) -> Response:
        wanted, realm = asked.request, asked.realm
        request_ = replace(
            wanted,
            tenant=realm.active_tenant or realm.tenant,
            home_tenant=realm.tenant,
            idp=realm.idp,
            reauthenticate=bool(wanted.prompt & AFRESH) or wanted.max_age == 0,
        )
        return self.begin(asked, request_)

    def begin(self, asked: Asked, request_: AuthRequest) -> Response:
        """Off to the IdP that the request names."""
        started = self.signin.start(asked.configuration, request_, asked.ip)
        response = self._sent(started, home_realm_page.cancel_href(asked.carried))
        self.cookies.set_transaction(response, request, started.name, started.cookie)
        return response

    def _sent(self, started: Started, cancel_href: str) -> Response:
        if isinstance(started.action, Redirect):
            return Response(status=303, headers={"Location": started.action.url, "Cache-Control": "no-store"})
        return self.pages.auto_post(started.action.url, started.action.fields, cancel_href)

    def _cancelled(self, asked: Asked) -> Response:
        if asked.request.device is not None:
            self.requests.turn_away(asked.request.device)
        raise AccessDenied("cancelled", "The sign-in was cancelled.")

    def _page(self, asked: Asked) -> Response:
        remembers = bool(self.cookies.realms(request))
        return home_realm_page.show(
            self.pages,
            asked.configuration,
            asked.client,
            asked.request,
            asked.realm,
            asked.carried,
            remembers=remembers,
            may_switch=bool(self.offers(asked)),
        )


def _acted(act: Callable[[Asked], Response], asked: Asked) -> Response:
    """From here on a failure belongs to a tenant, and its audit event says so."""
    try:
        return act(asked)
    except BrokerError as error:
        error.about(tenant=asked.realm.active_tenant or asked.realm.tenant, idp=asked.realm.idp)
        raise


def _proven(requested: Requested, configuration: Configuration) -> ProvenClient:
    """The client, and the redirect URI where one leads back to it."""
    if requested.came.device is None:
        return prove_client(requested.parameters, configuration)
    return ProvenClient(named_client(requested.parameters, configuration), "", None, None)


def _every_value() -> Parameters:
    values = request.form if request.method == "POST" else request.args
    return {name: tuple(many) for name, many in values.lists()}


def _is_at(realm: HomeRealm, session: Session) -> bool:
    return (session.home_tenant, session.idp) == (realm.tenant, realm.idp)
