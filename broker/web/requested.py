"""How an authorization request comes to /authorize: plainly, in a signed object, or pushed before (RFC 9101, 9126).

Of the last two only what was signed or pushed counts, and `client_id`. What a person answers on our own pages comes
beside it; the pages vouch for that with a sealed mark, which also says when the request was first seen: the time that
somebody needs to type an address lets nothing expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker.clients.request_object import RequestObjects
from broker.errors import OAuthError, ShownError
from broker.model import Client, Configuration, serial
from broker.oauth2.parameters import Parameters, one
from broker.oauth2.request import PLAINLY, Came
from broker.oauth2.return_address import named_client, prove_client
from broker.seal import Seal, SealBroken
from broker.signin import PUSHED, discard
from broker.store import Store
from broker.web import home_realm_page

PREFIX = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 §2.2
EXPIRES_IN = 90  # seconds from /par to the first visit of /authorize
MARK = "page"
_BY_REFERENCE = ("client_id", "request", "request_uri")
_ANSWERS = ("login_hint", home_realm_page.CHOSEN)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What /par keeps: parameters that were good then, and how they came."""

    client_id: str
    parameters: Mapping[str, tuple[str, ...]]
    expires_at: int
    signed: bool
    cnf: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requested:
    """The parameters that count; `carried`: what our pages bring back to /authorize for them."""

    parameters: Parameters
    carried: Parameters
    came: Came = PLAINLY


@dataclass(frozen=True, slots=True)
class Requests:
    store: Store
    objects: RequestObjects
    seal: Seal
    clock: Callable[[], float]
    seconds: int  # that our pages may be looked at

    def read(self, unverified: Parameters, configuration: Configuration) -> Requested:
        """Raises ShownError: repeated, client_id, request_uri_unknown, request_uri_client, request_uri_expired.

        OAuthError: those of `RequestObjects.read`, which may leave where the redirect URI outside is good.
        """
        client = named_client(unverified, configuration)
        reference, value = one(unverified, "request_uri"), one(unverified, "request")
        if reference is not None and reference.startswith(PREFIX):
            return self._pushed(client, reference, unverified)
        if value is not None and reference is None:
            try:
                return self._signed(client, value, unverified)
            except OAuthError as refused:
                raise _leaving(refused, unverified, configuration) from refused.__cause__
        return Requested(unverified, unverified)

    def keep(self, handle: str, client: Client, parameters: Parameters, came: Came) -> None:
        """Until a sign-in that began in time has ended; only `EXPIRES_IN` seconds are for the first visit."""
        now = int(self.clock())
        pushed = Pushed(client.client_id, parameters, now + EXPIRES_IN, came.signed, came.cnf)
        until = pushed.expires_at + 2 * self.seconds
        self.store.deployment.put(PUSHED, handle, serial.dumps(pushed), until)

    def use_up(self, came: Came) -> None:
        """An answer goes to the client: the reference is spent (RFC 9126 §4)."""
        discard(self.store.deployment, came.pushed)

    def _pushed(self, client: Client, reference: str, unverified: Parameters) -> Requested:
        handle = reference.removeprefix(PREFIX)
        payload = self.store.deployment.peek(PUSHED, handle)
        if payload is None:
            raise _unusable("request_uri_unknown", client)
        pushed = serial.loads(Pushed, payload)
        if pushed.client_id != client.client_id:
            raise _unusable("request_uri_client", client)
        seen = self._seen(unverified, reference)
        if seen is None and self.clock() >= pushed.expires_at:
            raise _unusable("request_uri_expired", client)
        came = Came(handle, pushed.signed, pushed.cnf)
        return self._with_answers(pushed.parameters, came, reference, seen, unverified)

    def _signed(self, client: Client, value: str, unverified: Parameters) -> Requested:
        seen = self._seen(unverified, value)
        at = int(self.clock()) if seen is None else seen
        inside = self.objects.read(client, value, unverified, at)
        return self._with_answers(inside, Came(signed=True), value, seen, unverified)

    def _with_answers(
        self, inside: Parameters, came: Came, reference: str, seen: int | None, unverified: Parameters
    ) -> Requested:
        carried = {name: unverified[name] for name in _BY_REFERENCE if name in unverified}
        if seen is None:
            return Requested(inside, {**carried, MARK: (self._mark(reference),)}, came)
        answers = {name: unverified[name][:1] for name in _ANSWERS if name in unverified}
        parameters = {**home_realm_page.answered(inside), **answers}
        return Requested(parameters, {**carried, **answers, MARK: unverified[MARK]}, came)

    def _mark(self, reference: str) -> str:
        return self.seal.seal(str(int(self.clock())).encode(), _context(reference))

    def _seen(self, unverified: Parameters, reference: str) -> int | None:
        """When one of our pages was first shown for this very request; None: none was, or too long ago."""
        try:
            seen = int(self.seal.open(one(unverified, MARK) or "", _context(reference)))
        except SealBroken:
            return None
        return seen if self.clock() < seen + self.seconds else None


def _context(reference: str) -> str:
    return f"page/{hashlib.sha256(reference.encode()).hexdigest()}"


def _unusable(reason: str, client: Client) -> ShownError:
    text = "This sign-in has been used already, or was left waiting too long. Start again from the application."
    return ShownError(reason, text).about(client_id=client.client_id)


def _leaving(refused: OAuthError, unverified: Parameters, configuration: Configuration) -> OAuthError:
    """An object that proves nothing names no way back; a registered redirect URI beside it does."""
    try:
        way = prove_client(unverified, configuration).exit
    except ShownError:
        return refused
    return refused.leaving_by(way.redirect_uri, way.state, way.response_mode)
