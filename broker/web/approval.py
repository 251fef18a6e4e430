"""/consent: what a client wants, and the person's yes or no, between the sign-in and what is issued.

Looking changes nothing; an answer needs the mark of this very page, and comes from the browser that signed in.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from flask import Blueprint, Request, Response, request

from broker import policy
from broker.errors import AccessDenied, BrokerError, Exit, Forged
from broker.model import Configuration, serial
from broker.oauth2 import user_code
from broker.seal import Seal
from broker.signin import Approvals, Question
from broker.web.cookies import Cookies
from broker.web.errors import leave_with
from broker.web.pages import Pages
from broker.web.responses import concluded
from broker.web.words import wishes

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    issuer: str
    live: Callable[[], Configuration]
    approvals: Approvals
    cookies: Cookies
    pages: Pages
    seal: Seal
    address: Callable[[Request], Address]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("approval", __name__)
        routes.add_url_rule("/consent", "show", self.show, methods=["GET"])
        routes.add_url_rule("/consent", "answer", self.answer, methods=["POST"])
        return routes

    def show(self) -> Response:
        configuration, name = self.live(), request.args.get("name", "")
        question = self._question(configuration, name)
        wanted, session = question.request, question.session
        tenant = configuration.tenants[session.tenant]
        return self.pages.approve(
            {"name": name, "mark": self._mark(name, question)},
            client_name=question.client.name,
            tenant_name=tenant.name,
            person=question.address,
            wishes=wishes(configuration, question.wanted),
            user_code=user_code.shown(wanted.device) if wanted.device else None,
            redirect_uri=wanted.redirect_uri,
        )

    def answer(self) -> Response:
        """`answer=allow` lets it happen; everything else is a no."""
        configuration, name = self.live(), request.form.get("name", "")
        question = self._question(configuration, name)
        try:
            return self._answered(configuration, name, question)
        except BrokerError as refused:
            subject = question.session.tenant, question.session.idp, question.request.client_id
            refused.about(event="approval.rejected", reference=question.request.reference)
            raise refused.about(tenant=subject[0], idp=subject[1], client_id=subject[2]) from refused.__cause__

    def _answered(self, configuration: Configuration, name: str, question: Question) -> Response:
        self._require_mark(name, question)
        if request.form.get("answer") != "allow":
            self.approvals.deny(name, question)
            return self._turned_away(configuration, question)
        completed = self.approvals.approve(configuration, name, question, self.address(request))
        return concluded(completed, self.issuer, self.pages)

    def _turned_away(self, configuration: Configuration, question: Question) -> Response:
        """RFC 6749 §4.1.2.1, where the way back is still the client's. The refusal itself is no failure of ours."""
        wanted, tenant = question.request, question.session.tenant
        if wanted.device is not None:
            return self.pages.device_turned_away()
        refused = AccessDenied("consent_refused", "The user did not allow it.")
        if not policy.returns_to(configuration, wanted.client_id, wanted.redirect_uri, tenant):
            return self.pages.error(refused, wanted.reference, client_name=question.client.name)
        way = Exit(wanted.redirect_uri, wanted.state, wanted.response_mode)
        return leave_with(refused, way, self.issuer, self.pages, wanted.reference)

    def _question(self, configuration: Configuration, name: str) -> Question:
        try:
            return self.approvals.question(configuration, name, self.cookies.session(request))
        except BrokerError as refused:
            raise refused.about(event="approval.rejected") from refused.__cause__

    def _require_mark(self, name: str, question: Question) -> None:
        """Raises Forged: approval_mark."""
        sent = request.form.get("mark", "")
        if not hmac.compare_digest(sent.encode(), self._mark(name, question).encode()):
            raise Forged("approval_mark")

    def _mark(self, name: str, question: Question) -> str:
        """Of this question, all that it names, and this session of the browser; nobody else can make it."""
        asked = json.dumps([name, question.session.tenant, question.session.sid, serial.dumps(question.wanted)])
        return urlsafe_b64encode(self.seal.mac("approval", asked.encode())).decode()
