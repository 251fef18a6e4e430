"""GET and POST /access: an application without tenant claims asks which tenants and roles its user has.

The bearer is the application's own access token of the person. The answer is `{"sub": …, "tenants": [{"tenant": …,
"roles": […]}]}`, by what is live now, and of the application's tenants only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker.errors import BrokerError, InsufficientScope, InvalidGrant, InvalidToken, OAuthError
from broker.grants import People
from broker.grants.access import places
from broker.grants.own_token import Desk, Person
from broker.model import Client, Configuration
from broker.store import Store
from broker.tokens.access import AccessToken, OwnTokens
from broker.tokens.pairwise import SUB, Pairwise
from broker.web.senders import Senders
from broker.web.userinfo import presented


@dataclass(frozen=True, slots=True)
class AccessEndpoint:
    live: Callable[[], Configuration]
    store: Store
    people: People
    tokens: OwnTokens
    pairwise: Pairwise
    senders: Senders
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("access", __name__)
        routes.add_url_rule("/access", "access", self.access, methods=["GET", "POST"])
        return routes

    def access(self) -> Response:
        try:
            return self._access()
        except BrokerError as refused:
            raise refused.about(event="access.rejected") from refused.__cause__

    def _access(self) -> Response:
        configuration = self.live()
        scheme, unverified = presented()
        token = self.tokens.access_token(unverified, configuration)
        client = configuration.clients[token.client_id]
        try:
            self.senders.require_holder(request, client, scheme, unverified, token.cnf)
            _require_asking(client)
            person = self._person(token, configuration)
            _require_undelegated(token, person)
        except OAuthError as refused:
            raise refused.about(client_id=client.client_id, tenant=token.tenant) from refused.__cause__
        found = places(configuration, self.store, self.people, client, person)
        tenants = [{"tenant": place.tenant, "roles": list(place.roles)} for place in found]
        response = jsonify(sub=self.pairwise.outward(client, SUB, token.sub), tenants=tenants)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _person(self, token: AccessToken, configuration: Configuration) -> Person:
        """Raises InvalidToken: workload, and the reasons of `Desk`."""
        try:
            behind = Desk(self.store, self.people, configuration, int(self.clock())).standing(token)
        except InvalidGrant as refused:
            raise InvalidToken(refused.reason) from None
        if not isinstance(behind, Person):
            raise InvalidToken("workload")
        return behind


def _require_asking(client: Client) -> None:
    """Whoever reads the tenant in its tokens is told of that one alone."""
    if client.tenant_claims:
        raise InsufficientScope("tenant_claims", "This is for clients with `tenant_claims: false`.")


def _require_undelegated(token: AccessToken, person: Person) -> None:
    """A token that somebody acts with, or that was exchanged for another client's, says nothing of other tenants."""
    if token.actors or person.grant.client_id != token.client_id:
        raise InsufficientScope("delegated", "Send the token of a person who signed in to this very application.")
