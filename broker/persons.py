"""Who somebody is to a tenant: their `sub`, the address that is proven theirs, groups that were known before, and what
their record says.
"""

from __future__ import annotations

from dataclasses import replace

from broker import claims, domains, policy
from broker.model import Guest, Identity, IdentityProvider, Tenant
from broker.model.overage import groups_left_out, with_groups
from broker.policy import Admitted, Place
from broker.store import TenantStore

GROUPS_KEPT = 90 * 86400  # seconds that a whole group list may stand in for a later one
BY_EMAIL = ("", "email")  # the IdP (no id is empty) and upstream under which an address is a person's further name
PROOF_LASTS = 180 * 86400  # seconds that an address stays its last prover's: one that is given to somebody else is free
LINKED = "by email "  # before the upstream of a name that an address gave: it counts while the IdP links by addresses


def sub_of(home: TenantStore, admitted: Admitted, identity: Identity, now: int) -> str:
    """By (tenant, IdP, upstream, subject); by a proven address only where the IdP's configuration opts in.

    Then an address is a further name of whoever brought it first, and a new subject that brings it is that person,
    for as long as the IdP links by addresses. Nobody who has not proven it for PROOF_LASTS keeps it.
    """
    own = (identity.idp, identity.upstream, identity.subject)
    if not admitted.idp.link_by_email:
        return home.person(*own)
    by_address = (identity.idp, f"{LINKED}{identity.upstream}", identity.subject)
    known = home.known_person(*own) or home.known_person(*by_address)
    address = proven_address(admitted.home_tenant, admitted.idp, identity)
    if address is None:
        return known or home.person(*own)
    lapsed = now - PROOF_LASTS
    linked = home.proven_person(*BY_EMAIL, address, lapsed)
    if known is None and linked is not None and home.alias_person(*by_address, linked):
        known = linked
    sub = known or home.known_person(*by_address) or home.person(*own)
    home.prove_name(*BY_EMAIL, address, sub, lapsed)
    return sub


def proven_address(tenant: Tenant, idp: IdentityProvider, identity: Identity) -> str | None:
    """The tenant's own address that its IdP vouches for."""
    return own_address(tenant, idp, identity) if identity.email_verified is True else None


def invitation(place: Place, identity: Identity, now: float) -> Guest | None:
    """The entry by which somebody is in; None: they are at home. Raises AccessDenied as `policy.guest`."""
    if place.home_tenant is place.tenant:
        return None
    return policy.guest(place, proven_address(place.home_tenant, place.idp, identity), now)


def own_address(tenant: Tenant, idp: IdentityProvider, identity: Identity) -> str | None:
    """In one spelling. An IdP that is `for` some of the tenant's domains speaks for those alone."""
    email = claims.incoming_of(idp, identity.attributes).get("email")
    domain = domains.of_address(email) if isinstance(email, str) else None
    spoken_for = [tenant.home_realm.email_domains, *([idp.only_for.email_domains] if idp.only_for else [])]
    if domain is None or not all(any(domains.matches(one, domain) for one in patterns) for patterns in spoken_for):
        return None
    return domains.canonical_address(str(email))


def with_record(home: TenantStore, idp: IdentityProvider, sub: str, identity: Identity) -> Identity:
    """As operators have written it by now; until the next sign-in it stays so."""
    return replace(identity, record=home.attributes(sub)) if idp.enriched else identity


def with_known_groups(home: TenantStore, idp: IdentityProvider, sub: str, identity: Identity, now: int) -> Identity:
    """`keep_last`: a whole list is remembered, and stands in for one that did not come whole."""
    if idp.groups.incomplete != "keep_last":
        return identity
    if not groups_left_out(identity.attributes):
        groups = claims.incoming_of(idp, identity.attributes).get("groups", ())
        whole = groups if isinstance(groups, tuple) else (str(groups),)
        home.keep_groups(idp.id, sub, whole, now + GROUPS_KEPT)
        return identity
    last = home.groups(idp.id, sub)
    if last is None:
        return identity
    return replace(identity, attributes=with_groups(identity.attributes, last), groups_complete=False)
