"""POST /introspect (RFC 7662): what a token is worth now, told to those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker import policy
from broker.errors import AccessDenied, BrokerError, InvalidClient, InvalidGrant, InvalidRequest, InvalidToken
from broker.grants import People
from broker.grants.own_token import Desk, Person
from broker.model import Client
from broker.oauth2 import audiences
from broker.oauth2.parameters import one
from broker.store import Store
from broker.tokens.access import AccessToken, OwnTokens
from broker.tokens.introspection import INTROSPECTION, IntrospectionAnswers
from broker.tokens.pairwise import SUB, Pairwise
from broker.web.client_door import Caller, ClientDoor

JWT = f"application/{INTROSPECTION}"
INACTIVE: Mapping[str, object] = {"active": False}  # and not a word more (RFC 7662 §2.2)


@dataclass(frozen=True, slots=True)
class IntrospectionEndpoint:
    door: ClientDoor
    store: Store
    people: People
    tokens: OwnTokens
    pairwise: Pairwise
    answers: IntrospectionAnswers
    issuer_url: str
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("introspect", __name__)
        routes.add_url_rule("/introspect", "introspect", self.introspect, methods=["POST"])
        return routes

    def introspect(self) -> Response:
        try:
            return self._introspect()
        except BrokerError as refused:
            raise refused.about(event="introspection.rejected") from refused.__cause__

    def _introspect(self) -> Response:
        caller = self.door.caller(request)
        _require_confidential(caller.client)
        token = one(caller.form, "token")
        if token is None:
            raise InvalidRequest("token_missing", "Send the token.").about(client_id=caller.client.client_id)
        return self._answer(self._members(caller, token), caller.client)

    def _members(self, caller: Caller, token: str) -> Mapping[str, object]:
        """A token's own form says which kind it is; no hint is needed. Whatever is wrong, it is inactive."""
        desk = Desk(self.store, self.people, caller.configuration, int(self.clock()))
        try:
            if token.count(".") != 2:
                return self._refresh_token(desk, caller, token)
            return self._access_token(desk, caller, self.tokens.access_token(token, caller.configuration))
        except (InvalidToken, InvalidGrant):
            return INACTIVE

    def _access_token(self, desk: Desk, caller: Caller, token: AccessToken) -> Mapping[str, object]:
        """As it was issued, without the roles that are gone since."""
        if not (_welcome(caller, token.tenant) and _concerns(caller, token)):
            return INACTIVE
        behind = desk.standing(token)
        members = {"active": True, **token.claims, "token_type": "DPoP" if "jkt" in token.cnf else "Bearer"}
        roles = token.claims.get("roles")
        if isinstance(roles, list):
            held = _roles(behind)
            members["roles"] = [role for role in roles if role in held]
        return members

    def _refresh_token(self, desk: Desk, caller: Caller, token: str) -> Mapping[str, object]:
        """Its own client's business alone."""
        grant = desk.refreshing(token)
        if not (_welcome(caller, grant.tenant) and grant.client_id == caller.client.client_id):
            return INACTIVE
        return {
            "active": True,
            "iss": self.issuer_url,
            "client_id": grant.client_id,
            "sub": self.pairwise.outward(caller.client, SUB, grant.sub),
            "scope": " ".join(grant.scope),
            "iat": grant.created_at,
            "exp": grant.expires_at,
        }

    def _answer(self, members: Mapping[str, object], client: Client) -> Response:
        signed = request.accept_mimetypes.best_match(["application/json", JWT]) == JWT
        response = Response(self.answers.sign(members, client), mimetype=JWT) if signed else jsonify(members)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response


def _require_confidential(client: Client) -> None:
    """RFC 7662 §2.1: whoever asks must prove who they are, or tokens could be guessed at here."""
    if client.public:
        raise InvalidClient("client_public", "A public client cannot ask about tokens.").about(
            client_id=client.client_id
        )


def _welcome(caller: Caller, tenant: str | None) -> bool:
    """An identity of one tenant hears of that one's people, and none hears of a tenant that takes no such tokens."""
    if caller.workload is None:
        return True
    try:
        policy.require_welcome(caller.workload, caller.configuration.tenants.get(tenant or ""))
    except AccessDenied:
        return False
    return True


def _concerns(caller: Caller, token: AccessToken) -> bool:
    """Whoever it was given to, whoever it is for, and whom an API that it is for has named."""
    client = caller.client
    if token.client_id == client.client_id or client.audience in token.audience:
        return True
    meant = audiences.apis(caller.configuration, token.audience)
    return any(client.client_id in api.introspecting for api in meant)


def _roles(behind: Person | policy.Service | None) -> tuple[str, ...]:
    if behind is None:
        return ()
    return behind.entitlement.roles if isinstance(behind, Person) else behind.roles
