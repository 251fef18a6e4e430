"""GET and POST /userinfo (OIDC Core §5.3): what may be said of the person now, not when the token was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker.errors import BrokerError, InsufficientScope, InvalidGrant, InvalidRequest, InvalidToken, OAuthError
from broker.grants import People, standing
from broker.grants.own_token import Desk, Person
from broker.model import Authorization, Client, Configuration
from broker.store import Store
from broker.tokens.access import AccessToken, OwnTokens
from broker.tokens.issuer import check
from broker.tokens.userinfo import UserinfoAnswers
from broker.web.cors import Cors, asked_by
from broker.web.senders import BEARER, DPOP, Senders

HOW = "Send the access token in the Authorization header."


@dataclass(frozen=True, slots=True)
class UserinfoEndpoint:
    live: Callable[[], Configuration]
    store: Store
    people: People
    tokens: OwnTokens
    answers: UserinfoAnswers
    senders: Senders
    issuer_url: str
    cors: Cors
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("userinfo", __name__)
        routes.add_url_rule("/userinfo", "userinfo", self.userinfo, methods=["GET", "POST"])
        self.cors.register(routes)
        return routes

    def userinfo(self) -> Response:
        try:
            return self._userinfo()
        except BrokerError as refused:
            raise refused.about(event="userinfo.rejected") from refused.__cause__

    def _userinfo(self) -> Response:
        configuration = self.live()
        scheme, unverified = presented()
        token = self.tokens.access_token(unverified, configuration)
        client = configuration.clients[token.client_id]
        asked_by(client)
        self._require_holder(scheme, unverified, token, client)
        if "openid" not in token.scope:
            raise InsufficientScope("scope").about(client_id=client.client_id, tenant=token.tenant)
        authorization = self._current(token, client, configuration)
        check(authorization, client, configuration.tenants.get(token.tenant or ""))
        return self._answer(self.answers.members(authorization, client), client)

    def _answer(self, members: dict[str, object], client: Client) -> Response:
        """OIDC Core §5.3.2"""
        if client.userinfo_alg is None:
            response = jsonify(members)
        else:
            response = Response(self.answers.sign(members, client, client.userinfo_alg), mimetype="application/jwt")
        response.headers["Cache-Control"] = "no-store"
        return response

    def _require_holder(self, scheme: str, unverified: str, token: AccessToken, client: Client) -> None:
        try:
            self.senders.require_holder(request, client, scheme, unverified, token.cnf)
        except OAuthError as refused:
            raise refused.about(client_id=client.client_id, tenant=token.tenant) from refused.__cause__

    def _current(self, token: AccessToken, client: Client, configuration: Configuration) -> Authorization:
        """The person by the live revision's rules. Raises InvalidToken: workload, and the reasons of `Desk`."""
        try:
            behind = Desk(self.store, self.people, configuration, int(self.clock())).standing(token)
        except InvalidGrant as refused:
            raise InvalidToken(refused.reason).about(client_id=client.client_id, tenant=token.tenant) from None
        if not isinstance(behind, Person):
            raise InvalidToken("workload").about(client_id=client.client_id, tenant=token.tenant)
        return standing.authorization(
            configuration,
            client,
            behind.session,
            behind.entitlement,
            grant_id=behind.grant.id,
            terms=behind.terms,
            scope=token.scope,
            issuer=self.issuer_url,
        )


def presented() -> tuple[str, str]:
    """The scheme and the token (RFC 6750 §2): in the header or the form body, once, and never in the URL.

    Raises InvalidRequest: token_in_query, token_methods. InvalidToken: token_missing, token_scheme.
    """
    if "access_token" in request.args:
        raise InvalidRequest("token_in_query", HOW)
    header, body = request.headers.get("Authorization"), request.form.getlist("access_token")
    if (header is not None) + len(body) > 1:
        raise InvalidRequest("token_methods", "Send the access token once.")
    if body:
        return BEARER, body[0]
    if header is None:
        raise InvalidToken("token_missing", HOW)
    scheme, _, token = header.partition(" ")
    known = {DPOP.lower(): DPOP, BEARER.lower(): BEARER}.get(scheme.lower())
    if known is None or not token:
        raise InvalidToken("token_scheme", HOW)
    return known, token.strip(" ")
