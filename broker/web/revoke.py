"""POST /revoke (RFC 7009): whichever of its tokens a client hands in, the grant behind it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request

from broker.audit import new_reference
from broker.errors import BrokerError, InvalidRequest, InvalidToken
from broker.model import AuditEvent, Client, Configuration
from broker.oauth2.parameters import one
from broker.store import Store, Transaction
from broker.store.records import Grant
from broker.tokens.access import OwnTokens
from broker.web.client_door import ClientDoor
from broker.web.cors import Cors


@dataclass(frozen=True, slots=True)
class RevocationEndpoint:
    door: ClientDoor
    store: Store
    tokens: OwnTokens
    cors: Cors
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("revoke", __name__)
        routes.add_url_rule("/revoke", "revoke", self.revoke, methods=["POST"])
        self.cors.register(routes)
        return routes

    def revoke(self) -> Response:
        try:
            return self._revoke()
        except BrokerError as refused:
            raise refused.about(event="revocation.rejected") from refused.__cause__

    def _revoke(self) -> Response:
        """RFC 7009 §2.2: 200 also for a token that is unknown, over, or another client's, which stays untouched."""
        caller = self.door.caller(request)
        client, token = caller.client, one(caller.form, "token")
        if token is None:
            raise InvalidRequest("token_missing", "Send the token.").about(client_id=client.client_id)
        with self.store.transaction() as transaction:
            self._end(transaction, self._grant(transaction, token, caller.configuration), client)
        return Response(status=200, headers={"Cache-Control": "no-store"})

    def _grant(self, transaction: Transaction, token: str, configuration: Configuration) -> Grant | None:
        """A token's own form says which kind it is; token_type_hint is not needed."""
        if token.count(".") == 2:
            try:
                access = self.tokens.access_token(token, configuration.clients)
            except InvalidToken:
                return None
            return transaction.of(access.tenant).grant(access.grant_id)
        tenant = transaction.deployment.owner_of_refresh(token)
        use = transaction.of(tenant).peek_refresh(token) if tenant is not None else None
        return transaction.of(tenant).grant(use.grant_id) if tenant is not None and use is not None else None

    def _end(self, transaction: Transaction, grant: Grant | None, client: Client) -> None:
        if grant is None or grant.client_id != client.client_id or grant.revoked_at is not None:
            return
        transaction.of(grant.tenant).revoke_grant(grant.id, int(self.clock()))
        transaction.record(
            AuditEvent(
                event="token.revoked",
                outcome="success",
                reference=new_reference(),
                tenant=grant.tenant,
                client_id=client.client_id,
                sub=grant.sub,
                sid=grant.sid,
            )
        )
