"""POST /token: the phases that all grants share, in their order (RFC 6749 §3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker import policy
from broker.audit import new_reference
from broker.errors import (
    AccessDenied,
    ApprovalRequired,
    BrokerError,
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from broker.grants import GRANTS, UNDONE, Granted, Introduced, People, TokenRequest
from broker.model import AuditEvent, Client, Configuration, Lifetimes, Tenant, TokenSet, Workload
from broker.oauth2.parameters import Parameters, one
from broker.store import Store, Transaction
from broker.tokens.access import OwnTokens
from broker.tokens.issuer import Issuer, check
from broker.web.client_door import Caller, ClientDoor
from broker.web.cors import Cors

Introduce = Callable[[Configuration, Client, str, Mapping[str, str]], Introduced | None]
BeforeRefresh = Callable[[Configuration, str, str], None]  # configuration, client_id, refresh token; may refuse


def _nothing_to_ask(_configuration: Configuration, _client_id: str, _refresh_token: str) -> None:
    """Where no upstream is asked again."""


def _nobody(_configuration: Configuration, _client: Client, _grant_type: str, _form: Mapping[str, str]) -> None:
    """Where no identity provider's tokens are taken."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    door: ClientDoor
    store: Store
    people: People
    issuer: Issuer
    tokens: OwnTokens
    issuer_url: str
    lifetimes: Lifetimes
    cors: Cors
    clock: Callable[[], float]
    before_refresh: BeforeRefresh = _nothing_to_ask
    introduce: Introduce = _nobody

    def blueprint(self) -> Blueprint:
        routes = Blueprint("token", __name__)
        routes.add_url_rule("/token", "token", self.token, methods=["POST"])
        self.cors.register(routes)
        return routes

    def token(self) -> Response:
        try:
            return self._token()
        except BrokerError as refused:
            raise refused.about(event="token.rejected") from refused.__cause__

    def _token(self) -> Response:
        """Parse once, prove the client, choose the grant, let it prove, check, commit, sign."""
        caller = self.door.caller(request)
        try:
            grant_type, handle = _grant_type(caller.form, caller.client), one(caller.form, "refresh_token")
            if grant_type == "refresh_token" and handle is not None:
                self.before_refresh(caller.configuration, caller.client.client_id, handle)
            form = {name: value for name in caller.form if (value := one(caller.form, name)) is not None}
            introduced = self.introduce(caller.configuration, caller.client, grant_type, form)
            granted = self._prove(grant_type, caller, form, introduced)
            tenant = caller.configuration.tenants.get(granted.authorization.tenant or "")
            tokens = self.issuer.mint(granted.authorization, caller.client, tenant)
        except OAuthError as refused:
            raise refused.about(client_id=caller.client.client_id) from None
        return _answer(tokens, granted)

    def _prove(
        self, grant_type: str, caller: Caller, form: Mapping[str, str], introduced: Introduced | None
    ) -> Granted:
        """One transaction, which most refusals of a grant commit too: the burned code stays burned, the family revoked.

        What is refused after the grant has proven leaves nothing behind: no grant, and no refresh token used up.
        """
        with self.store.transaction() as transaction:
            outcome = self._outcome(transaction, grant_type, caller, form, introduced)
            kept = grant_type not in UNDONE or isinstance(outcome, ApprovalRequired)
            if isinstance(outcome, OAuthError) and not kept:
                raise outcome
        if isinstance(outcome, OAuthError):
            raise outcome
        return outcome

    def _outcome(
        self,
        transaction: Transaction,
        grant_type: str,
        caller: Caller,
        form: Mapping[str, str],
        introduced: Introduced | None,
    ) -> Granted | OAuthError:
        asked = TokenRequest(
            form=form,
            resources=caller.form.get("resource", ()),
            audiences=caller.form.get("audience", ()),
            cnf=caller.cnf,
            client=caller.client,
            configuration=caller.configuration,
            transaction=transaction,
            people=self.people,
            lifetimes=self.lifetimes,
            issuer=self.issuer_url,
            tokens=self.tokens,
            now=int(self.clock()),
            introduced=introduced,
        )
        try:
            granted = GRANTS[grant_type](asked)
        except OAuthError as refused:
            return refused
        tenant = caller.configuration.tenants.get(granted.authorization.tenant or "")
        _require_welcome(caller.workload, tenant)
        check(granted.authorization, caller.client, tenant)
        transaction.record(_event(granted))
        return granted


def _grant_type(form: Parameters, client: Client) -> str:
    grant_type = one(form, "grant_type")
    if grant_type is None:
        raise InvalidRequest("grant_type_missing", "Send the grant_type.")
    if grant_type not in GRANTS:
        raise UnsupportedGrantType("grant_type")
    if grant_type not in client.grant_types:
        raise UnauthorizedClient("grant_not_allowed")
    return grant_type


def _require_welcome(workload: Workload | None, tenant: Tenant | None) -> None:
    """Whatever grant it came by. Raises UnauthorizedClient: workload_tenant, workloads_forbidden."""
    if workload is None:
        return
    try:
        policy.require_welcome(workload, tenant)
    except AccessDenied as refused:
        raise UnauthorizedClient(refused.reason, refused.public).about(tenant=tenant.id if tenant else None) from None


def _answer(tokens: TokenSet, granted: Granted) -> Response:
    """RFC 6749 §5.1, RFC 8693 §2.2.1"""
    members: Mapping[str, object] = {
        "access_token": tokens.access_token,
        "issued_token_type": granted.issued_token_type,
        "token_type": tokens.token_type,
        "expires_in": tokens.expires_in,
        "scope": " ".join(tokens.scope),
        "id_token": tokens.id_token,
        "refresh_token": tokens.refresh_token,
    }
    response = jsonify({name: value for name, value in members.items() if value is not None})
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _event(granted: Granted) -> AuditEvent:
    authorization = granted.authorization
    return AuditEvent(
        event=granted.event,
        outcome="success",
        reference=granted.reference or new_reference(),
        tenant=authorization.tenant,
        client_id=authorization.client_id,
        idp=authorization.idp,
        sub=authorization.sub,
        sid=authorization.sid,
        detail=granted.detail,
    )
