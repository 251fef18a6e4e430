"""Where somebody may act, and as what: for applications that ask instead of reading it in a token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker.errors import InvalidGrant
from broker.grants import standing
from broker.grants.own_token import Person
from broker.grants.request import People
from broker.model import Client, Configuration, Session
from broker.store import Store


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant that the person may act in, and the roles there that mean something to the application."""

    tenant: str
    roles: tuple[str, ...]


def places(configuration: Configuration, store: Store, people: People, client: Client, person: Person) -> list[Place]:
    """By the current rules and entries: what a sign-in of this person would give there now, for this client's tenants.

    A tenant whose sign-in policy the person's session does not meet is left out.
    """
    found = []
    for session in _sessions(configuration, store, client, person.session):
        entitlement = people.entitle(configuration, session, client)
        if entitlement.allowed and people.alive(configuration, session):
            found.append(Place(session.tenant, entitlement.roles))
    return found


def standing_with(
    configuration: Configuration, store: Store, people: People, client: Client, sub: str, now: int
) -> Person | None:
    """Somebody who has signed in to the client, by what stands of that; None: nobody has whom the client may know."""
    home = store.deployment.home_of(sub)
    for tenant in configuration.tenants.values():
        if tenant.id != home and not any(entry.home_tenant == home for entry in tenant.guests):
            continue
        for grant in store.of(tenant.id).grants_of(sub):
            try:
                standing.require_standing(grant, client, now)
                session = standing.session_behind(grant, store.of(tenant.id), people, configuration)
                return Person(grant, session, standing.entitled(people, configuration, session, client))
            except InvalidGrant:
                continue
    return None


def _sessions(configuration: Configuration, store: Store, client: Client, session: Session) -> Iterator[Session]:
    """As it would stand in each tenant: at home, and wherever an entry may be the person's; `entitle` tells whose."""
    for tenant in configuration.tenants.values():
        if not client.may_use(tenant.id):
            continue
        if tenant.id == session.home_tenant:
            yield replace(session, tenant=tenant.id, guest=None)
        for entry in tenant.guests:
            if entry.home_tenant == session.home_tenant and store.of(tenant.id).guest_holder(entry) in {
                None,
                session.sub,
            }:
                yield replace(session, tenant=tenant.id, guest=entry)
