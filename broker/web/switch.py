"""GET and POST /switch: the person picks the tenant that the application is to see, among those open to this browser.

GET shows, and changes nothing; POST switches, with a mark of the page that this very browser was shown, once (TN-37).
Both carry the client's own parameters of /authorize, and prove them as /authorize does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request

from broker.errors import Forged, InteractionRequired
from broker.model import Configuration, Session
from broker.seal import Seal, SealBroken
from broker.sessions import Sessions
from broker.signin import Offer, Switching
from broker.signin.switching import towards
from broker.store import Store
from broker.web import home_realm_page
from broker.web.asked import Asked
from broker.web.authorize import Authorize
from broker.web.cookies import Cookies
from broker.web.pages import Choice, Pages

TO, CONFIRM = home_realm_page.SWITCH_TO, home_realm_page.CONFIRM
SECONDS = 600  # that the page may be looked at
STALE = "This page was open for too long, or has been used already. Go back to the application and start again."
FOREIGN = "This organisation cannot be chosen here. Go back to the application and start again."


@dataclass(frozen=True, slots=True)
class Switch:
    authorize: Authorize
    switching: Switching
    sessions: Sessions
    store: Store
    cookies: Cookies
    pages: Pages
    seal: Seal
    stands: Callable[[Configuration, Session], bool]
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("switch", __name__)
        routes.add_url_rule("/switch", "show", self.show, methods=["GET"])
        routes.add_url_rule("/switch", "switch", self.switch, methods=["POST"])
        return routes

    def show(self) -> Response:
        return self.authorize.answer(self._page)

    def switch(self) -> Response:
        return self.authorize.answer(self._switched)

    def _page(self, asked: Asked) -> Response:
        """Where there is nothing to choose, the sign-in goes on as if nobody had asked."""
        if "none" in asked.request.prompt:
            raise InteractionRequired("switch")
        offers = self.authorize.offers(asked)
        fields = home_realm_page.switch_fields(asked.carried)
        if not offers:
            return Response(status=303, headers={"Location": home_realm_page.link("/authorize", fields)})
        return self.pages.switch(
            {**fields, CONFIRM: self._confirmation(fields)},
            [self._choice(asked, offer) for offer in offers],
            client_name=asked.client.name,
            cancel_href=home_realm_page.cancel_href(asked.carried),
            other_href=home_realm_page.link("/authorize", {**fields, "prompt": "select_account"}),
            redirect_uri=asked.request.redirect_uri,
        )

    def _switched(self, asked: Asked) -> Response:
        """Raises Forged: switch_confirm, switch_stale, switch_replay, switch_tenant."""
        browser = self.cookies.session(request) or ""
        self._require_own_page(home_realm_page.switch_fields(asked.carried))
        offer = self._picked(self.authorize.offers(asked))
        steady = not offer.own or self.stands(asked.configuration, offer.source)
        if offer.step_up is None and steady:
            session = self.switching.switch(asked.configuration, asked.request, offer, browser, asked.ip)
            return self.authorize.resumed(asked, session)
        wanted = towards(asked.request, offer)
        afresh = "login" in wanted.prompt or wanted.max_age == 0
        return self.authorize.begin(asked, replace(wanted, reauthenticate=afresh))

    def _choice(self, asked: Asked, offer: Offer) -> Choice:
        tenant = asked.configuration.tenants[offer.tenant]
        home = asked.configuration.tenants[offer.source.home_tenant]
        return Choice(
            value=self._value(offer),
            name=tenant.name,
            who=self.sessions.own_address(asked.configuration, offer.source),
            home=home.name if home is not tenant else None,
            asks=offer.step_up is not None,
        )

    def _picked(self, offers: tuple[Offer, ...]) -> Offer:
        named = request.form.get(TO, "").encode()
        picked = next((one for one in offers if hmac.compare_digest(self._value(one).encode(), named)), None)
        if picked is None:
            raise Forged("switch_tenant", FOREIGN)
        return picked

    def _value(self, offer: Offer) -> str:
        """Names tenant and session to us alone."""
        named = json.dumps([offer.tenant, offer.source.tenant, offer.source.sid])
        return self.seal.mac("switch offer", named.encode()).hex()

    def _confirmation(self, fields: Mapping[str, str]) -> str:
        """This page's mark: for this browser, this request, `SECONDS`, once."""
        mark = f"{int(self.clock()) + SECONDS}.{secrets.token_urlsafe(12)}"
        return self.seal.seal(mark.encode(), self._context(fields))

    def _require_own_page(self, fields: Mapping[str, str]) -> None:
        try:
            mark = self.seal.open(request.form.get(CONFIRM, ""), self._context(fields)).decode()
        except SealBroken:
            raise Forged("switch_confirm", STALE) from None
        ends_at = int(mark.partition(".")[0])
        if self.clock() >= ends_at:
            raise Forged("switch_stale", STALE)
        if not self.store.deployment.remember_once(f"switch {mark}", ends_at):
            raise Forged("switch_replay", STALE)

    def _context(self, fields: Mapping[str, str]) -> str:
        bound = json.dumps([self.cookies.session(request), sorted(fields.items())])
        return f"switch/{hashlib.sha256(bound.encode()).hexdigest()}"
