"""A house whose people leave: /logout on the real store, with real tokens, and clients that want to know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from flask import Flask
from werkzeug.test import TestResponse

from broker.connectors import Connectors
from broker.model import AuditEvent, Client, Configuration, Session, Signing
from broker.outbound import Outbound, Response
from broker.seal import Seal
from broker.sessions import Sessions
from broker.signout import BackChannel, Deliveries, SignOut, SingleLogouts
from broker.tokens.logout_token import LogoutTokens
from broker.web.cookies import Cookies
from broker.web.departure import Departure
from broker.web.logout import Logout
from broker.web.pages import Pages
from tests.unit.grants.house import ISSUER, LIFETIMES, NOW, PLAIN, SPA, WEB, House, configuration

LEFT = "https://app.example.com/left"
TENANT_LEFT = "https://{tenant}.app.example.com/left"
BACK = "https://app.example.com/backchannel-logout"
FRONT = "https://app.example.com/frontchannel-logout"

APP = replace(
    WEB, post_logout_redirect_uris=(LEFT, f"{LEFT}?kept=1", TENANT_LEFT), backchannel_logout_uri=BACK, tenants=None
)
FRAMED = replace(SPA, frontchannel_logout_uri=f"{FRONT}?app=1", post_logout_redirect_uris=("https://spa.example.com/",))
QUIET = replace(PLAIN, backchannel_logout_uri="https://plain.example.com/out")


def clients(*changed: Client) -> Configuration:
    """contoso and fabrikam, both with a host label of their own, and the clients."""
    made = configuration(*changed)
    return replace(made, labels={name: name for name in made.tenants})


@dataclass
class Receivers:
    """The clients' back channels: what they were sent, and what each answers next."""

    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: dict[str, list[Response | Exception]] = field(default_factory=dict)

    def post_form(self, url: str, form: dict[str, str], *, limit: int) -> Response:
        self.posts.append((url, form))
        answer = self.answers[url].pop(0) if self.answers.get(url) else Response(200, {}, b"")
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"] for _, form in self.posts]


class Leaving(House):
    """`deliveries.work()` makes the attempts that are due, through `outbound`: the receivers, or a door of ours."""

    def __init__(self, folder: Path) -> None:
        self.receivers = Receivers()
        self.outbound: Receivers | Outbound = self.receivers
        super().__init__(folder, live=clients(APP, FRAMED, QUIET))

    def _app(self, clock: Any) -> Flask:
        app, seal = super()._app(clock), Seal(b"k" * 32)
        tokens = LogoutTokens(ISSUER, self.keys, pairwise=self.pairwise, signing=Signing(), clock=clock)
        self.deliveries = Deliveries(
            lambda notice: BackChannel(self.outbound, tokens).send(notice), self._record, monotonic=clock, threads=0
        )
        sessions = Sessions(self.store, LIFETIMES, clock)
        self.signout = SignOut(ISSUER, self.pairwise, self.store, sessions, self.deliveries)
        cookies = Cookies(seal, loopback=False, transaction_seconds=600)
        pages, logouts = Pages(ISSUER), SingleLogouts(ISSUER, self.store, cast("Connectors", None), self.signout, clock)
        departure = Departure(self.store, self.signout, logouts, cookies, pages)
        logout = Logout(lambda: self.live, self.store, departure, cookies, pages, seal, self.tokens.hint_claims)
        app.register_blueprint(logout.blueprint())
        return app

    def carry_cookie(self, browser: str = "browser") -> None:
        self.http.set_cookie("__Host-session", browser)

    def open(self, tenant: str, sid: str, browser: str = "browser", *seen_by: Client) -> Session:
        session = Session(sid, tenant, tenant, "adfs", "https://adfs.example/", f"sub-{sid}", NOW, NOW, NOW, NOW + 3600)
        self.store.of(tenant).open_session(session, browser)
        for client in seen_by:
            self.store.of(tenant).note_client(sid, client.client_id)
        return session

    def alive(self, sid: str = "sid-1", tenant: str = "contoso") -> bool:
        return self.store.of(tenant).session(sid) is not None

    def leave(self, **parameters: str) -> TestResponse:
        return self.http.get("/logout", query_string=parameters)

    def confirm(self, page: TestResponse) -> TestResponse:
        """Press the button of the page that asks."""
        inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
        return self.http.post("/logout", data=dict(inputs))

    def events(self, name: str) -> list[AuditEvent]:
        return [stored.event for stored in self.store.deployment.events() if stored.event.event == name]


def asks(response: TestResponse) -> bool:
    return response.status_code == 200 and "<h1>Sign out?</h1>" in response.text and 'name="confirm"' in response.text


def is_over(response: TestResponse) -> bool:
    return response.status_code == 200 and "<h1>You are signed out</h1>" in response.text


def frames(response: TestResponse) -> list[str]:
    return [address.replace("&amp;", "&") for address in re.findall(r'<iframe hidden src="([^"]*)"', response.text)]
