"""A person whom a tenant's own identity provider vouches for, in a token that a client brings: no browser takes part.

Looked at before the transaction, because the provider's keys may have to be fetched; what the tenant's policy and rules
say of the person is asked within it, as at every sign-in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from broker import policy
from broker.audit import new_reference
from broker.connectors import Connectors, Introduces
from broker.enrichment import Enrichment
from broker.errors import (
    AccessDenied,
    AssertionRejected,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
    UpstreamUnavailable,
)
from broker.grants import opening
from broker.grants.request import Granted, Introduced, TokenRequest
from broker.model import AuthRequest, Client, Code, Configuration, IdentityProvider, Terms
from broker.oauth2 import scopes
from broker.seal import Seal

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FOREIGN = frozenset({"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"})
ABOUT_THE_SIGN_IN = frozenset({"openid", "offline_access"})  # stays with the client that a person signed in to
_NOT_HERE = "This client may not bring people of this identity provider."


def brought(grant_type: str, form: Mapping[str, str]) -> str | None:
    """The token of somebody else's that the request brings; None: it brings none."""
    if grant_type == JWT_BEARER:
        return form.get("assertion")
    foreign = grant_type == TOKEN_EXCHANGE and form.get("subject_token_type") in FOREIGN
    return form.get("subject_token") if foreign else None


class Introductions:
    def __init__(self, connectors: Connectors, enrichment: Enrichment, seal: Seal, clock: Callable[[], float]) -> None:
        self._connectors = connectors
        self._enrichment = enrichment
        self._seal = seal
        self._clock = clock

    def __call__(
        self, configuration: Configuration, client: Client, grant_type: str, form: Mapping[str, str]
    ) -> Introduced | None:
        """Proven by the provider that `tenant` and `idp` name; None: nothing was brought.

        Raises InvalidRequest: introduction_tenant. UnauthorizedClient: client_public, introduction_client,
        introduction_protocol, the guard's. `refusal` with the connector's reasons. UpstreamUnavailable.
        """
        token, tenant, idp = brought(grant_type, form), form.get("tenant"), form.get("idp")
        if token is None:
            return None
        if client.public:
            raise UnauthorizedClient("client_public", "A public client cannot bring people.")
        if tenant is None or idp is None:
            raise InvalidRequest("introduction_tenant", "Send tenant and idp: whose identity provider made the token.")
        try:
            admitted = policy.admit(configuration, client.client_id, tenant, idp, now=self._clock())
        except AccessDenied as refused:  # one answer: a client is not told which organisations there are
            raise UnauthorizedClient(refused.reason, _NOT_HERE) from refused
        connector = self._connectors.of(admitted.idp)
        _require_allowed(admitted.idp, client)
        if not isinstance(connector, Introduces):
            raise UnauthorizedClient("introduction_protocol", _NOT_HERE).about(tenant=tenant, idp=idp)
        try:
            identity = self._enrichment(admitted, connector.introduce(token), new_reference())
        except AssertionRejected as refused:
            text = "The identity provider's token is not valid."
            raise refusal(grant_type, refused.reason, text, refused.detail).about(tenant=tenant, idp=idp) from refused
        except AccessDenied as refused:
            raise refusal(grant_type, refused.reason, refused.public).about(tenant=tenant, idp=idp) from refused
        except UpstreamUnavailable as failed:
            raise failed.about(tenant=tenant, idp=idp) from failed.__cause__
        return Introduced(grant_type, admitted, identity, self._place(client, token))

    def _place(self, client: Client, token: str) -> str:
        """Keyed: whoever holds the token must not be able to name its session, and be that person's browser."""
        return self._seal.mac("introduced", f"{client.client_id} {token}".encode()).hex()


def refusal(grant_type: str, reason: str, text: str, detail: str | None = None) -> OAuthError:
    """RFC 7523 §3.1 says invalid_grant; RFC 8693 §2.2.2 invalid_request."""
    kind = InvalidRequest if grant_type == TOKEN_EXCHANGE else InvalidGrant
    return kind(reason, text, detail=detail)


def _require_allowed(idp: IdentityProvider, client: Client) -> None:
    """The provider's own list: being allowed to sign people in there is not enough (TK-31)."""
    if idp.oidc is None or client.client_id not in idp.oidc.presented_by:
        raise UnauthorizedClient("introduction_client", _NOT_HERE).about(tenant=idp.tenant, idp=idp.id)


def granted(request: TokenRequest, introduced: Introduced, event: str, audience: tuple[str, ...]) -> Granted:
    """A session without a browser, which ends with the token that it began with, and an access token of it.

    The same token brought again is the same session. Raises `refusal`: what policy, rules and the person say.
    InvalidScope: scope. Those of `opening`.
    """
    admitted, client = introduced.admitted, request.client
    asked = scopes.granted(scopes.read(request.form.get("scope")), client)
    arrival = AuthRequest("", client.client_id, "", asked, request.now)
    try:
        session = request.people.open(request.transaction, admitted, arrival, introduced.identity, introduced.browser)
        policy.require_fresh(admitted, session.auth_time, request.now)
    except AccessDenied as denied:
        refused = refusal(introduced.grant_type, denied.reason, denied.public, denied.detail)
        raise refused.about(tenant=admitted.tenant.id, idp=admitted.idp.id) from denied
    code = Code(
        client_id=client.client_id,
        redirect_uri="",
        scope=tuple(scope for scope in asked if scope not in ABOUT_THE_SIGN_IN),
        tenant=session.tenant,
        sid=session.sid,
        reference=new_reference(),
        terms=Terms(resources=audience),
    )
    try:
        opened = opening.opened(request, code, event, None, lasting=False)
    except InvalidGrant as none:
        refused = refusal(introduced.grant_type, none.reason, none.public, none.detail)
        raise refused.about(tenant=admitted.tenant.id, idp=admitted.idp.id) from none
    ends = opened.authorization.expires_at or session.expires_at
    return replace(opened, authorization=replace(opened.authorization, expires_at=min(ends, session.expires_at)))
