"""An application on a site of its own: it keeps its sign-in in a Lax cookie and finishes it with a stock client."""

from __future__ import annotations

import dataclasses

from flask import Flask, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from tests.browser.sites import Reach
from tests.flows.app import App, SignedIn, Started
from tests.flows.browser import Page

COOKIE = "__Host-sign-in"


class AppSite:
    """`answers`: every query at /callback; `signed_in`: those that ended in verified tokens. `params`: more to ask."""

    def __init__(self, issuer: str, client_id: str, secret: str, origin: str, broker: Reach) -> None:
        self.origin = origin
        self.client = App(issuer, client_id, secret, f"{origin}/callback")
        self.client.oauth.mount(f"{issuer}/", broker)
        self.params: dict[str, str] = {}
        self.answers: list[dict[str, str]] = []
        self.signed_in: list[SignedIn] = []
        self._started: dict[str, Started] = {}

    @property
    def start(self) -> str:
        return f"{self.origin}/sign-in"

    def site(self) -> Flask:
        site = Flask(self.client.client_id, static_folder=None)
        site.add_url_rule("/sign-in", "sign_in", self._sign_in)
        site.add_url_rule("/callback", "callback", self._callback)
        site.add_url_rule("/left", "left", lambda: PAGE.format("You have left"))
        return site

    def _sign_in(self) -> Response:
        started = self.client.start(**self.params)
        if "authorize_at" in request.args:
            endpoint = self.client.discovery["authorization_endpoint"]
            started = dataclasses.replace(started, url=started.url.replace(endpoint, request.args["authorize_at"]))
        self._started[started.state] = started
        answer = redirect(started.url, 303)
        answer.set_cookie(COOKIE, started.state, secure=True, httponly=True, samesite="Lax")
        return answer

    def _callback(self) -> str:
        self.answers.append(request.args.to_dict())
        if "error" in request.args:
            return PAGE.format("Not signed in")
        assert request.cookies[COOKIE] == request.args["state"]
        page = Page(request.url, 200, {}, (), "")
        self.signed_in.append(self.client.finish(self._started.pop(request.args["state"]), page))
        return PAGE.format("Welcome")


PAGE = '<!DOCTYPE html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>{}</h1>'
