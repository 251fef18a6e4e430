"""Devices without a browser (RFC 8628): /device_authorization for them, /device for whoever types their code.

What the person types only leads to a sign-in, and that to a page which asks; nobody lets a device in by opening a link.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from flask import Blueprint, Request, Response, jsonify, request

from broker.audit import new_reference
from broker.errors import BrokerError, StoreError, TooManyGuesses, UnauthorizedClient
from broker.grants import DEVICE_CODE
from broker.model import AuditEvent, serial
from broker.oauth2 import user_code
from broker.oauth2.request import Came, Hints, parse
from broker.oauth2.return_address import ProvenClient
from broker.store import Store
from broker.web.asked import named_tenant
from broker.web.client_door import Caller, ClientDoor
from broker.web.pages import Pages
from broker.web.requested import DeviceAsked, Requests

Address = IPv4Address | IPv6Address
EXPIRES_IN = 600  # seconds
INTERVAL = 5  # seconds between two polls
GUESSES = 30  # user codes typed from one network in GUESS_SECONDS
GUESS_SECONDS = 600
TRIES = 5  # to find a user code that no other device shows
ASKED = ("scope", "resource", "tenant", "idp", "acr_values", "max_age", "claims", "login_hint", "domain_hint")
UNKNOWN = "No device shows this code now. Compare it with the device, or start again there."


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    door: ClientDoor
    store: Store
    issuer: str
    hints: Hints
    record: Callable[[AuditEvent], None]
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("device_authorization", __name__)
        routes.add_url_rule("/device_authorization", "device_authorization", self.authorize, methods=["POST"])
        return routes

    def authorize(self) -> Response:
        try:
            return self._authorize()
        except BrokerError as refused:
            raise refused.about(event="device.rejected") from refused.__cause__

    def _authorize(self) -> Response:
        caller = self.door.caller(request)
        try:
            asked = self._asked(caller)
        except BrokerError as refused:
            raise refused.about(client_id=caller.client.client_id) from refused.__cause__
        device_code = secrets.token_urlsafe(32)
        code = user_code.shown(self._kept(device_code, caller.client.client_id, asked))
        self.record(AuditEvent("device.started", "success", new_reference(), client_id=caller.client.client_id))
        address = f"{self.issuer}/device"
        response = jsonify(
            device_code=device_code,
            user_code=code,
            verification_uri=address,
            verification_uri_complete=f"{address}?user_code={code}",
            expires_in=EXPIRES_IN,
            interval=INTERVAL,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def _asked(self, caller: Caller) -> DeviceAsked:
        """All that /authorize would say, while the device is there to hear it. Raises UnauthorizedClient."""
        client = caller.client
        if DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClient("grant_not_allowed")
        parsed = parse(
            caller.form,
            ProvenClient(client, "", None, None),
            caller.configuration,
            reference=new_reference(),
            now=int(self.clock()),
            hints=self.hints,
            came=Came(device="", cnf=caller.cnf),
        )
        named_tenant(caller.configuration, parsed)
        wanted = {name: caller.form[name] for name in ASKED if name in caller.form}
        return DeviceAsked({**wanted, "client_id": (client.client_id,)}, caller.cnf)

    def _kept(self, device_code: str, client_id: str, asked: DeviceAsked) -> str:
        """The user code. Raises StoreError: conflict, where every code that was tried is taken."""
        ends_at, payload = int(self.clock()) + EXPIRES_IN, serial.dumps(asked)
        for _ in range(TRIES):
            code = user_code.new()
            if self.store.devices.open(device_code, code, client_id, payload, wait=INTERVAL, ends_at=ends_at):
                return code
        raise StoreError("conflict")


@dataclass(frozen=True, slots=True)
class DevicePage:
    store: Store
    requests: Requests
    pages: Pages
    address: Callable[[Request], Address]
    record: Callable[[AuditEvent], None]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("device", __name__)
        routes.add_url_rule("/device", "ask", self.ask, methods=["GET"])
        routes.add_url_rule("/device", "enter", self.enter, methods=["POST"])
        return routes

    def ask(self) -> Response:
        """A code in the address is filled in, for the person to compare and to send."""
        code = user_code.read(request.args.get("user_code", ""))
        return self.pages.device(user_code.shown(code) if code else "")

    def enter(self) -> Response:
        """Wrong, used and late codes look alike. Raises TooManyGuesses."""
        typed = request.form.get("user_code", "")
        self._count()
        code = user_code.read(typed)
        waiting = None if code is None else self.store.devices.waiting(self.store.devices.key(code))
        if code is None or waiting is None:
            reference = new_reference()
            self.record(AuditEvent("device.rejected", "failure", reference, reason="user_code"))
            return self.pages.device(typed[:20], problem=f"{UNKNOWN} (ref {reference})")
        location = self.requests.for_device(waiting.client_id, code)
        return Response(status=303, headers={"Location": location})

    def _count(self) -> None:
        """RFC 8628 §5.1. An IPv6 network is what one subscriber gets."""
        ip = self.address(request)
        network = ip_network((ip, 64 if ip.version == 6 else 32), strict=False)
        if self.store.devices.guess(str(network), GUESS_SECONDS) > GUESSES:
            raise TooManyGuesses("too_many_guesses").about(event="device.rejected")
