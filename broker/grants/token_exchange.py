"""grant_type=urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693): one token for another, never a stronger one.

Subject and actor are access tokens of ours; nothing that either says of `act` is believed unless we wrote it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker import policy
from broker.errors import (
    AccessDenied,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidToken,
    OAuthError,
    UnauthorizedClient,
)
from broker.grants import consented, impersonation, introduced, standing, target
from broker.grants.introduced import ABOUT_THE_SIGN_IN, FOREIGN
from broker.grants.own_token import Desk, Person
from broker.grants.request import Granted, Introduced, TokenRequest
from broker.model import Actor, Authorization, Client, Terms
from broker.oauth2 import audiences, scopes
from broker.tokens.access import AccessToken

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
DEEPEST = 4  # actors in one token


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is exchanged, and who is behind it now."""

    token: AccessToken
    behind: Person | policy.Service | None


def token_exchange(request: TokenRequest) -> Granted:
    """Raises UnauthorizedClient: client_public. InvalidRequest: subject_token_missing, subject_token_type,
    requested_token_type, actor_token_missing, actor_token_type, what `OwnTokens` and `Desk` say of either token (of the
    actor's with `actor_` before it), subject_audience, subject_tenant, tenant_switch, actor_client, actor_tenant,
    actor_delegated, act_depth, subject_impersonated, consent_missing, those of `impersonation`. InvalidTarget: those of
    `target`. InvalidScope: scope_wider, scope.
    """
    _require_confidential(request.client)
    _require_types(request.form)
    if request.introduced is not None:
        return _of_foreign(request, request.introduced)
    token = _read(request, "subject_token", "")
    try:
        return _exchanged(request, token)
    except OAuthError as refused:
        raise refused.about(tenant=token.tenant) from refused.__cause__


def _exchanged(request: TokenRequest, token: AccessToken) -> Granted:
    _require_for_caller(request, token)
    _require_same_tenant(request, token)
    subject = _Subject(token, _standing(request, token, ""))
    _require_own(subject)
    if "requested_subject" in request.form:
        return _impersonated(request, subject)
    if "approve" in request.form:
        impersonation.approve(request, token, subject.behind)
    actor = _actor(request, token.tenant)
    audience = target.require(request, target.exchanged(request, token), token.tenant)
    authorization = _authorization(request, subject)
    authorization = replace(
        authorization,
        actors=_actors(token.actors, actor),
        expires_at=token.expires_at,
        scope=_scope(request, token),
    )
    consented.require_behind(request, subject.behind, authorization.scope, audience)
    granted = Granted(target.aimed(request, authorization, audience), "token.exchanged")
    return _told(granted, actor, {"subject_client": token.client_id, "audience": audience[0]})


def _of_foreign(request: TokenRequest, person: Introduced) -> Granted:
    """A token of a tenant's own identity provider; whatever it says of `act` is not believed."""
    tenant = person.admitted.tenant.id
    if "requested_subject" in request.form:
        raise InvalidRequest("impersonation_token", "Send the operator's own access token.").about(tenant=tenant)
    actor = _actor(request, tenant)
    audience = target.require(request, target.introduced(request), tenant)
    granted = introduced.granted(request, person, "token.exchanged", audience)
    authorization = replace(granted.authorization, actors=_actors((), actor))
    return _told(replace(granted, authorization=authorization), actor, {"audience": audience[0]})


def _impersonated(request: TokenRequest, operator: _Subject) -> Granted:
    """The subject_token is the operator's; whom they act for stands in `requested_subject`."""
    token = operator.token
    told = {
        "operator": token.sub,
        "subject": request.form["requested_subject"],
        "reason": request.form.get("reason", ""),
    }
    try:
        granted = impersonation.granted(request, token, operator.behind, _scope(request, token))
    except OAuthError as refused:
        raise refused.about(event="impersonation.refused").telling(told) from refused.__cause__
    return replace(granted, issued_token_type=ACCESS_TOKEN)


def _told(granted: Granted, actor: AccessToken | None, detail: Mapping[str, str]) -> Granted:
    acting = {} if actor is None else {"actor": actor.sub}
    return replace(granted, issued_token_type=ACCESS_TOKEN, detail={**detail, **acting})


# the request


def _require_confidential(client: Client) -> None:
    """RFC 8693 §5: whoever finds a token must not be able to trade it."""
    if client.public:
        raise UnauthorizedClient("client_public", "A public client cannot exchange tokens.")


def _require_types(form: Mapping[str, str]) -> None:
    if "subject_token" not in form:
        raise InvalidRequest("subject_token_missing", "Send the subject_token.")
    if form.get("subject_token_type") not in {ACCESS_TOKEN, *FOREIGN}:
        raise InvalidRequest("subject_token_type", f"Send subject_token_type={ACCESS_TOKEN}.")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequest("requested_token_type", "Only access tokens are given in exchange.")
    if "actor_token_type" in form and "actor_token" not in form:
        raise InvalidRequest("actor_token_missing", "Send the actor_token, or no actor_token_type.")
    if "actor_token" in form and form.get("actor_token_type") != ACCESS_TOKEN:
        raise InvalidRequest("actor_token_type", f"Send actor_token_type={ACCESS_TOKEN}.")


# the tokens


def _read(request: TokenRequest, name: str, prefix: str) -> AccessToken:
    try:
        return request.tokens.access_token(request.form[name], request.configuration)
    except InvalidToken as refused:
        raise _unacceptable(name, f"{prefix}{refused.reason}") from refused


def _standing(request: TokenRequest, token: AccessToken, prefix: str) -> Person | policy.Service | None:
    desk = Desk(request.transaction, request.people, request.configuration, request.now)
    try:
        return desk.standing(token)
    except InvalidGrant as refused:
        raise _unacceptable("actor_token" if prefix else "subject_token", f"{prefix}{refused.reason}") from refused


def _unacceptable(name: str, reason: str) -> InvalidRequest:
    """RFC 8693 §2.2.2"""
    return InvalidRequest(reason, f"The {name} is not a valid access token of this service, or is over.")


def _require_for_caller(request: TokenRequest, token: AccessToken) -> None:
    """No confused deputy: the token was given to the caller, or is for it."""
    client = request.client
    if token.client_id != client.client_id and client.audience not in token.audience:
        raise InvalidRequest("subject_audience", "The subject_token is neither this client's own nor for its audience.")


def _require_own(subject: _Subject) -> None:
    """A token that an operator acts with is good where it was meant to be, and for no other."""
    if isinstance(subject.behind, Person) and subject.behind.terms.operator_sid is not None:
        raise InvalidRequest("subject_impersonated", "A token of somebody who is acted for cannot be exchanged.")


def _require_same_tenant(request: TokenRequest, token: AccessToken) -> None:
    if request.form.get("tenant", token.tenant) != token.tenant:
        raise InvalidRequest("tenant_switch", "The subject_token speaks for another organisation.")


def _actor(request: TokenRequest, tenant: str | None) -> AccessToken | None:
    """Who acts: the caller itself, or somebody who is signed in to it."""
    if "actor_token" not in request.form:
        return None
    actor = _read(request, "actor_token", "actor_")
    if actor.client_id != request.client.client_id:
        raise InvalidRequest("actor_client", "The actor_token was given to another client.")
    if actor.tenant not in {None, tenant}:
        raise InvalidRequest("actor_tenant", "The actor_token speaks for another organisation.")
    if actor.actors:
        raise InvalidRequest("actor_delegated", "Who acts for somebody else cannot be an actor.")
    _standing(request, actor, "actor_")
    return actor


def _actors(before: tuple[Actor, ...], actor: AccessToken | None) -> tuple[Actor, ...]:
    """RFC 8693 §4.1: who acts now comes first; who acted before is never lost."""
    if actor is None:
        return before
    if len(before) >= DEEPEST:
        raise InvalidRequest("act_depth", "Too many have acted on this token already.")
    return (Actor(actor.sub, actor.client_id, person=not actor.workload), *before)


# what comes out


def _scope(request: TokenRequest, token: AccessToken) -> tuple[str, ...]:
    """Of the subject's, what the client may have. Never more."""
    held = tuple(one for one in token.scope if one in request.client.scopes and one not in ABOUT_THE_SIGN_IN)
    asked = scopes.read(request.form.get("scope"))
    if not set(asked) <= set(held):
        raise InvalidScope("scope_wider", "An exchanged token may not say more than the subject_token.")
    return asked or held


def _authorization(request: TokenRequest, subject: _Subject) -> Authorization:
    """The subject towards the caller: what both may say, by the rules of now."""
    token, terms = subject.token, Terms(cnf=request.cnf)
    if isinstance(subject.behind, Person):
        return _of_person(request, token, subject.behind, terms)
    return _of_workload(request, token, subject.behind, terms)


def _of_person(request: TokenRequest, token: AccessToken, person: Person, terms: Terms) -> Authorization:
    configuration, client = request.configuration, request.client
    try:
        entitlement = standing.entitled(request.people, configuration, person.session, client)
    except InvalidGrant as refused:
        raise _unacceptable("subject_token", refused.reason) from refused
    store = request.transaction.of(person.session.tenant)
    return standing.authorization(
        configuration,
        client,
        person.session,
        replace(
            entitlement,
            roles=_still(request, entitlement.roles, person.entitlement.roles, token, person.grant.client_id),
        ),
        grant_id=token.grant_id,
        terms=replace(terms, acr_values=person.terms.acr_values),
        scope=(),
        issuer=request.issuer,
        upstream_checked_at=standing.upstream_checked_at(configuration, store, person.session),
    )


def _of_workload(
    request: TokenRequest, token: AccessToken, service: policy.Service | None, terms: Terms
) -> Authorization:
    client = request.client
    roles: tuple[str, ...] = ()
    if service is None and client.tenant_claims:
        raise InvalidRequest("subject_tenant", "The subject_token speaks for no organisation, as this client has to.")
    if service is not None:
        try:
            policy.admit_workload(request.configuration, client.client_id, service.tenant.id)
        except AccessDenied as refused:
            raise _unacceptable("subject_token", refused.reason) from refused
        known = service.roles if client.roles is None else client.roles
        roles = _still(request, known, service.roles, token, token.sub)
    return Authorization(
        client_id=client.client_id,
        grant_id=token.grant_id,
        tenant=token.tenant,
        sub=token.sub,
        scope=(),
        claims={},
        roles=roles,
        audience=token.audience,
        revision=request.configuration.revision,
        terms=terms,
        workload=True,
    )


def _still(
    request: TokenRequest, roles: tuple[str, ...], held: tuple[str, ...], token: AccessToken, first: str
) -> tuple[str, ...]:
    """Of the roles towards the caller, those that the subject token's client has, and that the token said.

    first: the client of the grant. Its own token may say none for `tenant_claims: false`; then those count that it
    would have said. Of an exchanged one nobody knows what was left out on the way.
    """
    said = token.claims.get("roles")
    if not isinstance(said, list):
        said = audiences.roles(request.configuration, token.audience, held) if token.client_id == first else ()
    return tuple(role for role in roles if role in held and role in said)
