"""Missing groups, brokers behind brokers, and one person at two IdPs, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from broker import jose
from broker.connectors.breaker import FAILURES
from tests.attacks.world import World, query
from tests.idps.graph import OID, TID, Microsoft, serving

OVERAGE: dict[str, Any] = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net/evil"}},
}


def idp(world: World, **settings: Any) -> None:
    world.idp("contoso", "op").update(settings)
    rules = [
        {"roles": {"from": "incoming.groups", "map": {"G-Admins": "admin"}}},
        {"role": "viewer", "when": "!has(incoming.groups)"},
    ]
    world.tenants["contoso"] |= {"roles": ["admin", "viewer"], "claims": rules}
    world.apply()


def says(world: World, **claims: Any) -> None:
    world.ops["contoso"].switches.claims = claims


def access(world: World, tenant: str = "contoso", op: str = "op") -> Mapping[str, Any]:
    return jose.peek(world.tokens(tenant, op)["access_token"]).claims


@pytest.mark.parametrize("signal", [OVERAGE, {"hasgroups": True}], ids=["_claim_names", "hasgroups"])
def test_missing_groups_are_marked_and_no_rule_reads_them(fresh: World, signal: dict[str, Any]) -> None:
    """T16, CL-23: neither the list nor its absence is evaluable."""
    idp(fresh)
    says(fresh, **signal)
    said = access(fresh)
    assert (said["groups_complete"], said["roles"]) == (False, [])


def test_a_whole_list_is_not_marked(fresh: World) -> None:
    idp(fresh)
    says(fresh, groups=["G-Admins"])
    said = access(fresh)
    assert ("groups_complete" in said, said["roles"]) == (False, ["admin"])


def test_deny_lets_nobody_in_without_their_groups(fresh: World) -> None:
    idp(fresh, groups={"overage": "deny"})
    says(fresh, **OVERAGE)
    under_way = fresh.begin("contoso", "op")
    fresh.assert_refused(under_way.answer, "groups_incomplete", "sign_in.denied")


def test_keep_last_stands_in_with_what_came_whole(fresh: World) -> None:
    idp(fresh, groups={"overage": "keep_last"})
    says(fresh, **OVERAGE)
    assert access(fresh)["roles"] == [], "nothing was kept yet"
    says(fresh, groups=["G-Admins"])
    assert access(fresh)["roles"] == ["admin"]
    says(fresh, **OVERAGE)
    said = access(fresh)
    assert (said["groups_complete"], said["roles"]) == (False, ["admin"])
    says(fresh, groups=["G-Others"])
    said = access(fresh)
    assert ("groups_complete" in said, said["roles"]) == (False, []), "the newer whole list wins"


@pytest.mark.parametrize(
    ("behind", "chain"),
    [
        ({"idp": "urn:adfs"}, ["urn:adfs"]),
        ({"idp": "adfs", "idp_chain": ["https://b.example", "urn:adfs"]}, ["https://b.example", "urn:adfs"]),
        ({}, None),
    ],
)
def test_the_original_authority_is_kept(fresh: World, behind: dict[str, Any], chain: list[str] | None) -> None:
    idp(fresh)
    says(fresh, **behind)
    wanted = None if chain is None else [fresh.ops["contoso"].issuer, *chain]
    assert access(fresh).get("idp_chain") == wanted


def test_a_sign_in_that_began_here_is_refused(fresh: World) -> None:
    idp(fresh)
    says(fresh, idp_chain=["https://b.example", fresh.issuer])
    under_way = fresh.begin("contoso", "op")
    fresh.assert_refused(under_way.answer, "loop", "oidc_rp.rejected")


def subject(world: World, op: str, sub: str, email: str, *, verified: Any = True) -> str:
    says(world, sub=sub, email=email, email_verified=verified)
    return str(jose.peek(world.tokens("contoso", op, scope="openid")["access_token"]).claims["sub"])


def test_one_address_at_two_providers_is_two_people(fresh: World) -> None:
    for name in ("op", "op-rs256"):
        fresh.idp("contoso", name)["userinfo"] = "never"
    fresh.apply()
    assert subject(fresh, "op", "a", "ana@contoso.com") != subject(fresh, "op-rs256", "b", "ana@contoso.com")


@pytest.fixture
def linking(fresh: World) -> World:
    for name in ("op", "op-rs256"):
        fresh.idp("contoso", name).update(link_by_email=True, userinfo="never")
    fresh.apply()
    return fresh


def test_a_proven_address_links_where_both_say_so(linking: World) -> None:
    first = subject(linking, "op", "a", "Ana@contoso.com")
    assert subject(linking, "op-rs256", "b", "ana@CONTOSO.com") == first
    assert subject(linking, "op-rs256", "b", "renamed@contoso.com") == first, "once linked, the subject is the key"


@pytest.mark.parametrize(
    ("email", "verified"),
    [("ana@contoso.com", False), ("ana@contoso.com", None), ("ana@contoso.com", "true"), ("ana@elsewhere.com", True)],
)
def test_an_unproven_or_foreign_address_links_nobody(linking: World, email: str, verified: Any) -> None:
    """Neither does it make a claim on the address for later."""
    first = subject(linking, "op", "a", "ana@contoso.com")
    other = subject(linking, "op-rs256", "b", email, verified=verified)
    assert other != first
    assert subject(linking, "op", "c", "ana@contoso.com") == first


def test_a_provider_for_some_domains_links_nobody_of_the_others(linking: World) -> None:
    """A subsidiary's administrator writes every address there, and speaks for the subsidiary's alone."""
    linking.tenants["contoso"]["home_realm"]["email_domains"] = ["contoso.com", "subsidiary.example"]
    linking.idp("contoso", "op-rs256")["for"] = {"email_domains": ["subsidiary.example"]}
    linking.apply()
    ana = subject(linking, "op", "a", "ana@contoso.com")
    bert = subject(linking, "op", "b", "bert@subsidiary.example")
    assert subject(linking, "op-rs256", "c", "ana@contoso.com") != ana
    assert subject(linking, "op-rs256", "d", "bert@subsidiary.example") == bert


def test_rp_62_what_an_address_linked_ends_with_the_setting(linking: World) -> None:
    """Who was linked is a person of their own from then on, and stays one when the setting comes back."""
    first = subject(linking, "op", "a", "ana@contoso.com")
    assert subject(linking, "op-rs256", "b", "ana@contoso.com") == first
    linking.idp("contoso", "op-rs256")["link_by_email"] = False
    linking.apply()
    alone = subject(linking, "op-rs256", "b", "ana@contoso.com")
    assert alone != first
    assert subject(linking, "op", "a", "ana@contoso.com") == first
    linking.idp("contoso", "op-rs256")["link_by_email"] = True
    linking.apply()
    assert subject(linking, "op-rs256", "b", "ana@contoso.com") == alone


def test_rp_62_an_address_that_its_owner_no_longer_proves_is_free(linking: World) -> None:
    """Ana left; months later somebody else is given her address, at another identity provider of the tenant."""
    ana = subject(linking, "op", "a", "ana@contoso.com")
    later(linking, days=100)
    assert subject(linking, "op", "a", "ana@contoso.com") == ana, "proven again"
    later(linking, days=100)
    assert subject(linking, "op-rs256", "b", "ana@contoso.com") == ana
    later(linking, days=181)
    successor = subject(linking, "op-rs256", "c", "ana@contoso.com")
    assert successor != ana
    assert subject(linking, "op", "a", "ana@contoso.com") == ana, "who is known stays who they are"
    assert subject(linking, "op", "d", "ana@contoso.com") == successor, "and the address is its new owner's"


def later(world: World, *, days: int) -> None:
    world.clock.ahead += days * 86400
    for op in world.ops.values():
        op._clock = world.clock
    world.forget_providers()


def test_rp_61_nobody_waits_with_an_unproven_address_for_its_owner(linking: World) -> None:
    """Somebody signs in first and claims the address; whoever proves it later is not joined to them."""
    waiting = subject(linking, "op", "mallory", "ana@contoso.com", verified=False)
    ana = subject(linking, "op-rs256", "ana", "ana@contoso.com")
    assert ana != waiting
    assert subject(linking, "op", "mallory", "ana@contoso.com", verified=False) == waiting


def test_who_is_known_already_is_never_linked_away(linking: World) -> None:
    first = subject(linking, "op", "a", "ana@contoso.com")
    bert = subject(linking, "op-rs256", "b", "bert@contoso.com")
    assert subject(linking, "op-rs256", "b", "ana@contoso.com") == bert != first


def test_another_tenant_knows_nothing_of_the_address(linking: World) -> None:
    first = subject(linking, "op", "a", "ana@contoso.com")
    linking.idp("northwind", "op").update(link_by_email=True, userinfo="never")
    linking.tenants["northwind"]["home_realm"]["email_domains"] = ["northwind.com"]
    linking.apply()
    says(linking, sub="a", email="ana@contoso.com", email_verified=True)
    assert access(linking, "northwind")["sub"] != first


def test_the_refusal_names_nothing_of_the_person(fresh: World) -> None:
    idp(fresh, groups={"overage": "deny"})
    says(fresh, **OVERAGE)
    location = fresh.begin("contoso", "op").answer().headers["Location"]
    assert query(location)["error"] == "access_denied"
    assert "groups" in query(location)["error_description"]


@pytest.fixture
def resolving(fresh: World) -> Iterator[tuple[World, Microsoft]]:
    """An Entra look-alike (synthetic) beside a stand-in for Microsoft Graph."""
    with serving() as microsoft:
        places = {"login": microsoft.origin, "graph": microsoft.origin}
        idp(fresh, vendor="entra", userinfo="never", groups={"overage": "resolve", "endpoints": places})
        says(fresh, **OVERAGE, tid=TID, oid=OID, ver="2.0")
        microsoft.groups = ["00000000-0000-0000-0000-00000000000a"]
        rules = [{"roles": {"from": "incoming.groups", "map": {microsoft.groups[0]: "admin"}}}]
        fresh.tenants["contoso"]["claims"] = rules
        fresh.apply()
        yield fresh, microsoft


def test_resolve_asks_graph_and_the_list_is_whole(resolving: tuple[World, Microsoft]) -> None:
    """T16"""
    world, microsoft = resolving
    said = access(world)
    assert ("groups_complete" in said, said["roles"]) == (False, ["admin"])
    assert {path for path, _ in microsoft.seen} == {
        f"/{TID}/oauth2/v2.0/token",
        f"/v1.0/users/{OID}/transitiveMemberOf/microsoft.graph.group",
    }


def test_where_graph_fails_the_second_policy_decides(resolving: tuple[World, Microsoft]) -> None:
    world, microsoft = resolving
    microsoft.token = (401, {"error": "invalid_client"})
    said = access(world)
    assert (said["groups_complete"], said["roles"]) == (False, [])
    world.idp("contoso", "op")["groups"]["unresolved"] = "deny"
    world.apply()
    under_way = world.begin("contoso", "op")
    world.assert_refused(under_way.answer, "groups_incomplete", "sign_in.denied")


def test_a_dead_graph_is_left_alone_and_the_identity_provider_is_not(
    resolving: tuple[World, Microsoft],
) -> None:
    world, microsoft = resolving
    microsoft.token = (503, {})
    for _ in range(FAILURES + 2):
        assert access(world)["groups_complete"] is False
    assert len(microsoft.seen) == FAILURES, "then its own breaker is open"


def test_a_list_that_came_whole_asks_nobody(resolving: tuple[World, Microsoft]) -> None:
    world, microsoft = resolving
    says(world, tid=TID, oid=OID, groups=microsoft.groups)
    assert access(world)["roles"] == ["admin"]
    assert microsoft.seen == []
