"""GET and POST /account: what a person may see of themselves and end, for every session behind their browser.

GET shows, and changes nothing. A button's value is our mark of browser and deed: what this browser is not offered now
cannot be asked for, by whatever page.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

from flask import Blueprint, Request, Response, request

from broker.account import BY_PERSON, Access, Account, Own
from broker.errors import Forged
from broker.model import Configuration, Session
from broker.seal import Seal
from broker.sessions import Sessions
from broker.web.cookies import Cookies
from broker.web.departure import Departure
from broker.web.pages import Line, Moment, Pages, Part
from broker.web.words import in_words

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Here:
    """End the session of this browser itself."""

    session: Session


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """End another one of the same person."""

    session: Session
    other: Session


@dataclass(frozen=True, slots=True)
class Application:
    """End what an application holds of the session's person."""

    session: Session
    client_id: str


Deed = Here | Elsewhere | Application


@dataclass(frozen=True, slots=True)
class AccountPage:
    live: Callable[[], Configuration]
    account: Account
    departure: Departure
    sessions: Sessions
    cookies: Cookies
    pages: Pages
    seal: Seal
    address: Callable[[Request], Address]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("account", __name__)
        routes.add_url_rule("/account", "show", self.show, methods=["GET"])
        routes.add_url_rule("/account", "end", self.end, methods=["POST"])
        return routes

    def show(self) -> Response:
        configuration = self.live()
        return self.pages.account([self._part(configuration, own) for own in self._own(configuration)])

    def end(self) -> Response:
        """Raises Forged: account_mark."""
        configuration = self.live()
        match self._pressed(configuration):
            case Here(session):
                return self.departure.end(request, configuration, [session], reason=BY_PERSON)
            case Elsewhere(_, other):
                self.account.end_session(configuration, other)
            case Application(session, client_id):
                self.account.end_access(session, client_id)
        return Response(status=303, headers={"Location": "/account", "Cache-Control": "no-store"})

    def _own(self, configuration: Configuration) -> tuple[Own, ...]:
        return self.account.of(configuration, self.cookies.session(request), self.address(request))

    def _pressed(self, configuration: Configuration) -> Deed:
        sent = request.form.get("end", "").encode()
        offered = (deed for own in self._own(configuration) for deed in _offered(own))
        found = next((deed for deed in offered if hmac.compare_digest(self._mark(deed).encode(), sent)), None)
        if found is None:
            raise Forged("account_mark").about(event="account.rejected")
        return found

    def _mark(self, deed: Deed) -> str:
        """Of this browser's cookie and the deed; nobody else can make it."""
        match deed:
            case Here():
                named = ""
            case Elsewhere(_, other):
                named = other.sid
            case Application(_, client_id):
                named = client_id
        bound = [self.cookies.session(request), type(deed).__name__, deed.session.tenant, deed.session.sid, named]
        return self.seal.mac("account", json.dumps(bound).encode()).hex()

    def _part(self, configuration: Configuration, own: Own) -> Part:
        session = own.session
        value, since, seen = self._mark(Here(session)), _moment(session.created_at), _moment(session.last_seen)
        if not own.stands:
            return Part(value, since, seen)
        return Part(
            value,
            since,
            seen,
            tenant_name=configuration.tenants[session.tenant].name,
            idp_name=configuration.tenants[session.home_tenant].identity_providers[session.idp].name,
            who=self.sessions.own_address(configuration, session),
            elsewhere=[self._other(session, other) for other in own.elsewhere],
            accesses=[self._access(configuration, session, access) for access in own.accesses],
        )

    def _other(self, session: Session, other: Session) -> Line:
        value = self._mark(Elsewhere(session, other))
        return Line(value, _moment(other.created_at), seen=_moment(other.last_seen))

    def _access(self, configuration: Configuration, session: Session, access: Access) -> Line:
        client = configuration.clients.get(access.client_id)
        said = [line for one in access.allowed for line in in_words(configuration, one.scope, one.terms)]
        return Line(
            self._mark(Application(session, access.client_id)),
            _moment(access.since),
            name=client.name if client else access.client_id,
            wishes=tuple(dict.fromkeys(said)),
        )


def _offered(own: Own) -> Iterator[Deed]:
    yield Here(own.session)
    yield from (Elsewhere(own.session, other) for other in own.elsewhere)
    yield from (Application(own.session, access.client_id) for access in own.accesses)


def _moment(at: int) -> Moment:
    moment = datetime.fromtimestamp(at, UTC)
    return Moment(f"{moment.day} {moment:%b %Y, %H:%M} UTC", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
