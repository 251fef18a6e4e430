"""How an authorization request comes to /authorize: plainly, in a signed object, pushed before (RFC 9101, 9126), or
by a device that waits (RFC 8628).

Of the last three only what was signed, pushed or sent by the device counts, and `client_id`. What a person answers on
our own pages comes beside it; the pages vouch for that with a sealed mark, which also says when the request was first
seen: the time that somebody needs to type an address lets nothing expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from broker.clients.request_object import RequestObjects
from broker.errors import OAuthError, ShownError
from broker.model import Client, Configuration, serial
from broker.oauth2.parameters import Parameters, one
from broker.oauth2.request import PLAINLY, Came
from broker.oauth2.return_address import named_client, prove_client
from broker.seal import Seal, SealBroken
from broker.signin import PUSHED, device_gone, discard
from broker.store import Store
from broker.web import home_realm_page

DEVICE = "urn:broker:device:"  # before a sealed user code: our own /device names the request so
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
class DeviceAsked:
    """What a device wants, good when it asked, and the key that it proved to hold."""

    parameters: Mapping[str, tuple[str, ...]]
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
        """Raises ShownError: repeated, client_id, request_uri_unknown, request_uri_client, request_uri_expired,
        device_gone.

        OAuthError: those of `RequestObjects.read`, which may leave where the redirect URI outside is good.
        """
        client = named_client(unverified, configuration)
        reference, value = one(unverified, "request_uri"), one(unverified, "request")
        if reference is not None and reference.startswith(PREFIX):
            return self._pushed(client, reference, unverified)
        if reference is not None and reference.startswith(DEVICE):
            return self._of_device(client, reference, unverified)
        if value is not None and reference is None:
            try:
                return self._signed(client, value, unverified)
            except OAuthError as refused:
                named = refused.about(client_id=client.client_id)
                raise _leaving(named, unverified, configuration) from refused.__cause__
        return Requested(unverified, unverified)

    def keep(self, handle: str, client: Client, parameters: Parameters, came: Came) -> None:
        """Until a sign-in that began in time has ended; only `EXPIRES_IN` seconds are for the first visit."""
        now = int(self.clock())
        pushed = Pushed(client.client_id, parameters, now + EXPIRES_IN, came.signed, came.cnf)
        until = pushed.expires_at + 2 * self.seconds
        self.store.deployment.put(PUSHED, handle, serial.dumps(pushed), until)

    def for_device(self, client_id: str, user_code: str) -> str:
        """Where a person signs in who has typed this code."""
        reference = DEVICE + self.seal.seal(user_code.encode(), DEVICE)
        return f"/authorize?{urlencode({'client_id': client_id, 'request_uri': reference})}"

    def turn_away(self, user_code: str) -> None:
        """The person wants to sign in for no device."""
        self.store.devices.deny(self.store.devices.key(user_code))

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
        came = Came(handle, pushed.signed, cnf=pushed.cnf)
        return self._with_answers(pushed.parameters, came, reference, seen, unverified)

    def _of_device(self, client: Client, reference: str, unverified: Parameters) -> Requested:
        user_code = self._user_code(reference)
        devices = self.store.devices
        waiting = None if user_code is None else devices.waiting(devices.key(user_code))
        if waiting is None or waiting.client_id != client.client_id:
            raise device_gone().about(client_id=client.client_id)
        asked = serial.loads(DeviceAsked, waiting.asked)
        came = Came(device=user_code, cnf=asked.cnf)
        return self._with_answers(asked.parameters, came, reference, self._seen(unverified, reference), unverified)

    def _user_code(self, reference: str) -> str | None:
        try:
            return self.seal.open(reference.removeprefix(DEVICE), DEVICE).decode()
        except SealBroken:
            return None

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
