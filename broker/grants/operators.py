"""Who may act for a tenant's people, and for whom never: asked for the token, and again when it comes back."""

from __future__ import annotations

from broker.errors import InvalidGrant
from broker.grants import standing
from broker.grants.request import People
from broker.model import Client, Configuration, Entitlement, Impersonation, Session


def require(people: People, configuration: Configuration, session: Session, client: Client) -> Impersonation:
    """Raises InvalidGrant: impersonation_client, impersonation_off, not_an_operator, those of `standing.entitled`."""
    if not client.impersonation:
        raise InvalidGrant("impersonation_client", "This client may not act for people.")
    allowed = configuration.tenants[session.tenant].impersonation
    if allowed is None:
        raise InvalidGrant("impersonation_off", "This organisation lets nobody act for its people.")
    if allowed.operators not in standing.entitled(people, configuration, session, client).held:
        raise InvalidGrant("not_an_operator", "Only this organisation's help desk may act for its people.")
    return allowed


def require_subject(allowed: Impersonation, entitlement: Entitlement) -> None:
    """Raises InvalidGrant never_role."""
    if not set(allowed.never_roles).isdisjoint(entitlement.held):
        raise InvalidGrant("never_role", "This organisation lets nobody act for this person.")
