"""POST /revoke (RFC 7009): whichever of its tokens a client hands in, the grant behind it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request

from broker.audit import new_reference
from broker.errors import BrokerError, InvalidRequest, InvalidToken
from broker.grants import revoked
from broker.model import AuditEvent, Client
from broker.oauth2.parameters import one
from broker.store import Store, Transaction
from broker.store.records import Grant
from broker.tokens.access import OwnTokens
from broker.web.client_door import Caller, ClientDoor
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
            ended = self._end(transaction, caller, token)
            if ended is not None:
                transaction.record(ended)
        return Response(status=200, headers={"Cache-Control": "no-store"})

    def _end(self, transaction: Transaction, caller: Caller, token: str) -> AuditEvent | None:
        """A token's own form says which kind it is; token_type_hint is not needed."""
        if token.count(".") != 2:
            return self._end_grant(transaction, _refreshing(transaction, token), caller.client)
        try:
            access = self.tokens.access_token(token, caller.configuration)
        except InvalidToken:
            return None
        tenant = None if access.workload else access.tenant
        grant = None if tenant is None else transaction.of(tenant).grant(access.grant_id)
        if grant is not None and grant.client_id == access.client_id:
            return self._end_grant(transaction, grant, caller.client)
        if access.client_id != caller.client.client_id or not revoked.revoke(transaction.deployment, access):
            return None
        return _event(caller.client, tenant=access.tenant, sub=access.sub)

    def _end_grant(self, transaction: Transaction, grant: Grant | None, client: Client) -> AuditEvent | None:
        if grant is None or grant.client_id != client.client_id or grant.revoked_at is not None:
            return None
        transaction.of(grant.tenant).revoke_grant(grant.id, int(self.clock()))
        return _event(client, tenant=grant.tenant, sub=grant.sub, sid=grant.sid)


def _refreshing(transaction: Transaction, token: str) -> Grant | None:
    """The grant of a refresh token."""
    tenant = transaction.deployment.owner_of_refresh(token)
    use = transaction.of(tenant).peek_refresh(token) if tenant is not None else None
    return transaction.of(tenant).grant(use.grant_id) if tenant is not None and use is not None else None


def _event(client: Client, *, tenant: str | None, sub: str, sid: str | None = None) -> AuditEvent:
    return AuditEvent(
        event="token.revoked",
        outcome="success",
        reference=new_reference(),
        tenant=tenant,
        client_id=client.client_id,
        sub=sub,
        sid=sid,
    )
