"""How strongly and how freshly somebody must have signed in: asked of the IdP, then looked for in what was proven.

What a tenant requires is the guard's own (`policy.require_factors`); here it meets what the client asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker import assurance, policy
from broker.errors import LoginRequired, UnmetAuthenticationRequirements
from broker.model import AuthRequest, Configuration, Identity, IdentityProvider, Session, SignInPolicy
from broker.model.sign_in_policy import shortest, too_old
from broker.policy import Admitted


@dataclass(frozen=True, slots=True)
class Standing:
    """A session, before a request that it may answer. now: epoch seconds."""

    session: Session
    identity: Identity
    idp: IdentityProvider
    sign_in: SignInPolicy
    request: AuthRequest
    now: float


def asked(request: AuthRequest, admitted: Admitted) -> AuthRequest:
    """The request as it goes to the IdP: with the tenants' limit, and several factors where anybody wants them."""
    wishes = (*request.essential_acr, *request.acr_values)
    return replace(
        request,
        max_age=shortest(request.max_age, admitted.sign_in.max_age),
        multi_factor=admitted.sign_in.require_mfa or assurance.MULTI_FACTOR in wishes,
    )


def require_essential(request: AuthRequest, acrs: tuple[str, ...]) -> None:
    """OIDC Core §5.5.1.1, RFC 9470 §5. acrs: see `assurance.acrs_of`. Raises UnmetAuthenticationRequirements."""
    if request.essential_acr and set(request.essential_acr).isdisjoint(acrs):
        raise UnmetAuthenticationRequirements("acr_unmet")


def require(
    configuration: Configuration, request: AuthRequest, session: Session, identity: Identity, now: float
) -> None:
    """Raises LoginRequired with the reason of `shortcoming`."""
    reason = shortcoming(configuration, replace(request, acr_values=()), session, identity, now)
    if reason is not None:
        raise LoginRequired(reason)


def shortcoming(
    configuration: Configuration, request: AuthRequest, session: Session, identity: Identity, now: float
) -> str | None:
    """Why a session that passed the guard must not answer, so that the IdP is asked again; None: it may."""
    tenant, home = configuration.tenants[session.tenant], configuration.tenants[session.home_tenant]
    sign_in = policy.sign_in_policy(tenant, home, configuration.clients[request.client_id])
    standing = Standing(session, identity, home.identity_providers[session.idp], sign_in, request, now)
    return next((reason for reason, falls_short in COLUMN if falls_short(standing)), None)


def is_too_old(one: Standing) -> bool:
    """OIDC Core §3.1.2.1, max_age; and the tenants' own."""
    limit = shortest(one.request.max_age, one.sign_in.max_age)
    return too_old(limit, one.session.auth_time, one.now)


def lacks_a_factor(one: Standing) -> bool:
    return policy.lacks_factors(one.sign_in, one.idp, one.identity)


def lacks_what_is_essential(one: Standing) -> bool:
    essential = one.request.essential_acr
    return bool(essential) and set(essential).isdisjoint(assurance.acrs_of(one.idp, one.identity))


def lacks_what_can_be_asked(one: Standing) -> bool:
    """A wish leads to the IdP where that can do something about it; without interaction it stays a wish."""
    wishes = one.request.acr_values
    if assurance.MULTI_FACTOR not in wishes or "none" in one.request.prompt or not assurance.may_ask(one.idp):
        return False
    return set(wishes).isdisjoint(assurance.acrs_of(one.idp, one.identity))


COLUMN: tuple[tuple[str, Callable[[Standing], bool]], ...] = (
    ("max_age", is_too_old),
    ("mfa_missing", lacks_a_factor),
    ("acr_unmet", lacks_what_is_essential),
    ("acr_wish", lacks_what_can_be_asked),
)
