"""A token exchange with `requested_subject`: an operator of a help desk acts for somebody of their tenant.

`subject_token` is the operator's own; `reason` says why, and stands in the tenant's audit. The token names the operator
in `act`, says nothing of how the subject signed in, and is over when the operator's session is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker import policy
from broker.audit import new_reference
from broker.errors import ApprovalRequired, InvalidGrant, InvalidRequest, TokenRejected
from broker.grants import operators, standing, target
from broker.grants.own_token import Person
from broker.grants.request import Granted, TokenRequest, new_handle
from broker.model import Actor, AuditEvent, Authorization, Entitlement, Impersonation, Session, Terms
from broker.store.records import Grant, ImpersonationAsked
from broker.telemetry import clean
from broker.tokens.access import AccessToken

APPROVAL_LASTS = 900  # seconds from the request to the token
SHORTEST, LONGEST = 8, 500  # characters of a reason


@dataclass(frozen=True, slots=True)
class _Operator:
    session: Session
    allowed: Impersonation


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the subject has signed in: a living session, or what an offline grant remembers of one."""

    session: Session
    entitlement: Entitlement
    ends: int
    offline: bool


def granted(
    request: TokenRequest,
    token: AccessToken,
    behind: Person | policy.Service | None,
    scope: tuple[str, ...],
) -> Granted:
    """Raises InvalidRequest: those of `_operator`, reason_missing, reason_length, impersonation_self,
    subject_not_here, never_role, what the guard and the rules say after `subject_`, approval_unknown, approval_other.
    InvalidTarget: those of `target`. ApprovalRequired: approval_required, approval_pending.
    """
    operator = _operator(request, token, behind)
    audience = target.require(request, target.exchanged(request, token), token.tenant)
    why = _why(request)
    sub = _subject(request, operator)
    place = _place(request, operator, sub)
    asked = ImpersonationAsked(request.client.client_id, operator.session.sub, sub, why, new_reference())
    if operator.allowed.second_person:
        asked = _approved(request, operator.session.tenant, asked)
    authorization = _authorization(request, operator, place, scope)
    granted = target.aimed(request, authorization, audience)
    return Granted(granted, "impersonation.used", asked.reference, detail={**_who(asked), "audience": audience[0]})


def approve(request: TokenRequest, token: AccessToken, behind: Person | policy.Service | None) -> None:
    """`approve`: another operator says yes, with a token of their own.

    Raises InvalidRequest: those of `_operator`, approval_unknown, approval_other, approval_own, approval_given.
    """
    tenant, handle = _operator(request, token, behind).session.tenant, request.form["approve"]
    store = request.transaction.of(tenant)
    asked = _known(store.impersonation(handle))
    if asked.client_id != request.client.client_id:
        raise InvalidRequest("approval_other", "This was asked by another client.")
    if asked.operator == token.sub:
        raise InvalidRequest("approval_own", "Nobody approves what they asked for themselves.")
    if asked.approver is not None:
        raise InvalidRequest("approval_given", "Somebody has approved this already.")
    if not store.approve_impersonation(handle, token.sub):
        raise _no_such_approval()
    request.transaction.record(event("impersonation.approved", tenant, replace(asked, approver=token.sub)))


def event(name: str, tenant: str, asked: ImpersonationAsked) -> AuditEvent:
    return AuditEvent(
        name, "success", asked.reference, tenant, asked.client_id, sub=asked.subject, detail=dict(_who(asked))
    )


def _who(asked: ImpersonationAsked) -> dict[str, str]:
    approver = {} if asked.approver is None else {"approver": asked.approver}
    return {"operator": asked.operator, "reason": asked.why, **approver}


# who asks, for whom, and why


def _operator(request: TokenRequest, token: AccessToken, behind: Person | policy.Service | None) -> _Operator:
    """Raises InvalidRequest: impersonation_actor, impersonation_token, impersonation_delegated,
    impersonation_workload, those of `standing.living` and `operators.require`."""
    if "actor_token" in request.form:
        raise InvalidRequest("impersonation_actor", "The subject_token says who acts: send no actor_token.")
    if token.client_id != request.client.client_id:
        raise InvalidRequest("impersonation_token", "The subject_token was given to another client.")
    if token.actors:
        raise InvalidRequest("impersonation_delegated", "Who acts for somebody else cannot act for a third one.")
    if not isinstance(behind, Person):
        raise InvalidRequest("impersonation_workload", "Only a person who has signed in may act for another.")
    people, configuration = request.people, request.configuration
    store = request.transaction.of(behind.session.tenant)
    try:
        session = standing.living(store.session(behind.session.sid), people, configuration)
        return _Operator(session, operators.require(people, configuration, session, request.client))
    except InvalidGrant as refused:
        raise InvalidRequest(refused.reason, refused.public) from refused


def _why(request: TokenRequest) -> str:
    why = " ".join(request.form.get("reason", "").split())
    if not why:
        raise InvalidRequest("reason_missing", "Send the reason: the organisation reads it in its audit.")
    if not SHORTEST <= len(why) <= LONGEST:
        raise InvalidRequest("reason_length", f"A reason has {SHORTEST} to {LONGEST} characters.")
    return clean(why)


def _subject(request: TokenRequest, operator: _Operator) -> str:
    """By our own name, whatever the client calls them."""
    try:
        sub = request.tokens.subject(request.form["requested_subject"], request.client)
    except TokenRejected as stranger:
        raise _not_here() from stranger
    if sub == operator.session.sub:
        raise InvalidRequest("impersonation_self", "Nobody needs to act for themselves.")
    return sub


def _place(request: TokenRequest, operator: _Operator, sub: str) -> _Place:
    """The newest; a role that forbids it counts wherever the subject has it."""
    places = tuple(_places(request, operator.session.tenant, sub))
    if not places:
        raise _not_here()
    try:
        for place in places:
            operators.require_subject(operator.allowed, place.entitlement)
    except InvalidGrant as refused:
        raise InvalidRequest(refused.reason, refused.public) from refused
    newest = places[0].entitlement
    if not newest.allowed:
        raise InvalidRequest(f"subject_{newest.reason or 'denied'}", "This person may not use this application.")
    return places[0]


def _places(request: TokenRequest, tenant: str, sub: str) -> Iterator[_Place]:
    """Living sessions, the last seen first, then what is remembered, for a client that may be told of it."""
    store, configuration, client = request.transaction.of(tenant), request.configuration, request.client
    people = request.people
    for session in store.sessions_of_person(sub):
        if people.alive(configuration, session):
            entitlement = people.entitle(configuration, session, client)
            yield _Place(session, entitlement, session.expires_at, offline=False)
    for grant in reversed(store.grants_of(sub) if "offline_access" in client.scopes else ()):
        holder = configuration.clients.get(grant.client_id)
        if grant.offline and holder is not None and "offline_access" in holder.scopes:
            entitlement = people.entitle(configuration, grant.session, client)
            yield _Place(grant.session, entitlement, grant.expires_at, offline=True)


def _not_here() -> InvalidRequest:
    return InvalidRequest("subject_not_here", "Nobody of that name has signed in to this organisation.")


# the second person


def _approved(request: TokenRequest, tenant: str, asked: ImpersonationAsked) -> ImpersonationAsked:
    """What was approved is what is asked for, once."""
    handle, store = request.form.get("approval"), request.transaction.of(tenant)
    if handle is None:
        handle = f"{tenant}.{new_handle()}"
        store.ask_impersonation(handle, asked, request.now + APPROVAL_LASTS)
        request.transaction.record(event("impersonation.requested", tenant, asked))
        raise ApprovalRequired("approval_required", handle).about(reference=asked.reference)
    kept = _known(store.impersonation(handle))
    if replace(kept, reference=asked.reference, approver=None) != asked:
        raise InvalidRequest("approval_other", "This approval is for another request.")
    if kept.approver is None:
        raise ApprovalRequired("approval_pending", handle).about(reference=kept.reference)
    return _known(store.take_impersonation(handle))


def _known(asked: ImpersonationAsked | None) -> ImpersonationAsked:
    if asked is None:
        raise _no_such_approval()
    return asked


def _no_such_approval() -> InvalidRequest:
    return InvalidRequest("approval_unknown", "There is no such request, or it is over or was used. Ask again.")


# what comes out


def _authorization(request: TokenRequest, operator: _Operator, place: _Place, scope: tuple[str, ...]) -> Authorization:
    """The subject by the rules of now, on a grant of its own. That they proved themselves well is not the operator's
    to show: no `acr`, `amr` and `auth_time`."""
    configuration, client, session = request.configuration, request.client, place.session
    ends = min(request.now + operator.allowed.longest, operator.session.expires_at, place.ends)
    grant = _grant(request, operator, place, scope, ends)
    store = request.transaction.of(session.tenant)
    store.open_grant(grant)
    authorization = standing.authorization(
        configuration,
        client,
        session,
        place.entitlement,
        grant_id=grant.id,
        scope=scope,
        issuer=request.issuer,
        terms=Terms(cnf=request.cnf),
        upstream_checked_at=standing.upstream_checked_at(configuration, store, session),
    )
    acting = (Actor(operator.session.sub, client.client_id, person=True),)
    return replace(authorization, actors=acting, expires_at=ends, acr=None, amr=(), auth_time=None)


def _grant(request: TokenRequest, operator: _Operator, place: _Place, scope: tuple[str, ...], ends: int) -> Grant:
    return Grant(
        id=new_handle(),
        tenant=place.session.tenant,
        client_id=request.client.client_id,
        sid=place.session.sid,
        sub=place.session.sub,
        scope=scope,
        offline=place.offline,
        session=place.session,
        created_at=request.now,
        expires_at=ends,
        terms=Terms(operator_sid=operator.session.sid),
    )
