"""POST /par (RFC 9126): the authorization request comes from the client itself, proven, before any browser sees it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker.audit import new_reference
from broker.clients.authentication import SECRETS
from broker.errors import BrokerError, InvalidRequest
from broker.oauth2.parameters import Parameters, one
from broker.oauth2.request import Came, Hints, parse
from broker.oauth2.return_address import prove_client
from broker.web.asked import named_tenant
from broker.web.client_door import Caller, ClientDoor
from broker.web.cors import Cors
from broker.web.requested import EXPIRES_IN, PREFIX, Requests

_OF_THE_CLIENT = SECRETS | {"client_assertion_type"}  # prove the client here, and mean nothing at /authorize


@dataclass(frozen=True, slots=True)
class PushedAuthorization:
    door: ClientDoor
    requests: Requests
    hints: Hints
    cors: Cors
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("par", __name__)
        routes.add_url_rule("/par", "par", self.push, methods=["POST"])
        self.cors.register(routes)
        return routes

    def push(self) -> Response:
        try:
            return self._push()
        except BrokerError as refused:
            raise refused.about(event="par.rejected") from refused.__cause__

    def _push(self) -> Response:
        caller = self.door.caller(request)
        try:
            handle = self._kept(caller)
        except BrokerError as refused:
            raise refused.about(client_id=caller.client.client_id) from refused.__cause__
        response = jsonify(request_uri=f"{PREFIX}{handle}", expires_in=EXPIRES_IN)
        response.status_code = 201
        response.headers["Cache-Control"] = "no-store"
        return response

    def _kept(self, caller: Caller) -> str:
        """All that /authorize would say now, while the client is there to hear it."""
        handle, client = secrets.token_urlsafe(32), caller.client
        parameters, signed = self._parameters(caller)
        came = Came(handle, signed, cnf=caller.cnf)
        proven = prove_client(parameters, caller.configuration)
        parsed = parse(
            parameters,
            proven,
            caller.configuration,
            reference=new_reference(),
            now=int(self.clock()),
            hints=self.hints,
            came=came,
        )
        named_tenant(caller.configuration, parsed)
        self.requests.keep(handle, client, parameters, came)
        return handle

    def _parameters(self, caller: Caller) -> tuple[Parameters, bool]:
        """(parameters, whether they were signed). RFC 9126 §3: a request object stands for all of them."""
        form = {name: values for name, values in caller.form.items() if name not in _OF_THE_CLIENT}
        own = {**form, "client_id": (caller.client.client_id,)}  # a client may have named itself in the header alone
        _require_no_reference(own)
        value = one(own, "request")
        if value is None:
            return own, False
        return self.requests.objects.read(caller.client, value, own, int(self.clock())), True


def _require_no_reference(form: Parameters) -> None:
    """RFC 9126 §2.1"""
    if one(form, "request_uri") is not None:
        raise InvalidRequest("request_uri_pushed", "A pushed request may not contain request_uri.")
