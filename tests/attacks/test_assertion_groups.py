"""Groups that Entra leaves out of assertions beyond 150 (T16), over SAML and WS-Federation (synthetic)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.setting import SSO, Settings
from tests.attacks.test_wsfed_over_http import arrive, bring, context
from tests.attacks.world import UnderWay, World
from tests.idps.graph import OID, TID, Microsoft, serving
from tests.idps.saml_signer import Entity, signer
from tests.idps.wsfed_signer import Service

ENTITY = f"https://sts.windows.net/{TID}/"
KEY = signer("idp")
LINK = "http://schemas.microsoft.com/claims/groups.link"
IDENTITY = "http://schemas.microsoft.com/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
ADMINS = "00000000-0000-0000-0000-00000000000a"
CLIENT = {"client_id": "reader", "client_secret": {"env": "GRAPH_SECRET"}}
OVERAGE = {
    LINK: "https://graph.windows.net/evil",
    f"{IDENTITY}/objectidentifier": OID,
    f"{IDENTITY}/tenantid": "22222222-2222-3333-4444-555555555555",  # whatever it says: the issuer counts
}


def saml_attributes(values: Mapping[str, str]) -> str:
    return "".join(
        f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
        for name, value in values.items()
    )


def saml11_attributes(values: Mapping[str, str]) -> str:
    parts = [(*name.rpartition("/"), value) for name, value in values.items()]
    return "".join(
        f'<saml:Attribute AttributeName="{name}" AttributeNamespace="{namespace}">'
        f"<saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        for namespace, _, name, value in parts
    )


def by_saml(world: World, under_way: UnderWay, values: Mapping[str, str]) -> str:
    ctx = under_way.context(issuer=ENTITY, idp=KEY)
    ids = {"assertion_id": f"_{under_way.name[:22]}", "response_id": f"_r{under_way.name[:22]}"}
    return under_way.finish(ctx.post(ctx.signed("both", attributes=saml_attributes(values), **ids)))


def by_wsfed(world: World, under_way: UnderWay, values: Mapping[str, str]) -> str:
    ctx = context(world, under_way)
    signed = ctx.signed(by=KEY, issuer=ENTITY, attributes=saml11_attributes(values), assertion_id=f"_{ctx.wctx[:22]}")
    return arrive(world, under_way.browser, bring(world, under_way.browser, ctx.post(signed)))


WAYS = {"adfs-entra": by_saml, "old": by_wsfed}


@pytest.fixture
def microsoft() -> Iterator[Microsoft]:
    with serving() as made:
        made.groups = [ADMINS]
        yield made


@pytest.fixture
def entra(fresh: World) -> World:
    """`adfs-entra` over SAML and `old` over WS-Federation are one Entra tenant; people are its object ids."""
    folder = fresh.folder / "tenants"
    keys = [("signing", KEY)]
    (folder / "entra.xml").write_bytes(Entity(ENTITY, keys, sso=SSO).document())
    (folder / "entra-wsfed.xml").write_bytes(Service(ENTITY, keys, endpoint=SSO).document())
    rows: list[Settings] = [
        {"id": "adfs-entra", "protocol": "saml", "vendor": "entra", "metadata": {"file": "entra.xml"}},
        {"id": "old", "protocol": "wsfed", "vendor": "entra", "metadata": {"file": "entra-wsfed.xml"}},
    ]
    fresh.tenants["contoso"]["identity_providers"] += [{**row, "subject": "name_id"} for row in rows]
    rules = [
        {"roles": {"from": "incoming.groups", "map": {ADMINS: "admin"}}},
        {"role": "viewer", "when": "!has(incoming.groups)"},
    ]
    fresh.tenants["contoso"] |= {"roles": ["admin", "viewer"], "claims": rules}
    fresh.apply()
    return fresh


def configured(world: World, idp: str, **groups: Any) -> None:
    world.idp("contoso", idp)["groups"] = groups
    world.apply()


def resolving(world: World, idp: str, microsoft: Microsoft, **more: Any) -> None:
    world.environ["GRAPH_SECRET"] = "s"
    places = {"login": microsoft.origin, "graph": microsoft.origin}
    configured(world, idp, overage="resolve", client=CLIENT, endpoints=places, **more)


def access(world: World, idp: str, values: Mapping[str, str]) -> Mapping[str, Any]:
    code = WAYS[idp](world, world.begin("contoso", idp), values)
    return jose.peek(str((world.redeem(code).json or {})["access_token"])).claims


@pytest.mark.parametrize("idp", WAYS)
def test_missing_groups_are_marked_and_no_rule_reads_them(entra: World, idp: str) -> None:
    """T16, CL-23: neither the list nor its absence is evaluable, and the pointer is not followed."""
    said = access(entra, idp, OVERAGE)
    assert (said["groups_complete"], said["roles"]) == (False, [])
    whole = access(entra, idp, {GROUPS: ADMINS})
    assert ("groups_complete" in whole, whole["roles"]) == (False, ["admin"])


def test_deny_lets_nobody_in_without_their_groups(entra: World) -> None:
    configured(entra, "adfs-entra", overage="deny")
    under_way = entra.begin("contoso", "adfs-entra")
    ctx = under_way.context(issuer=ENTITY, idp=KEY)
    answer = ctx.post(ctx.signed("both", attributes=saml_attributes(OVERAGE)))

    def arriving() -> TestResponse:
        return entra.visit(under_way.browser, under_way.answer(answer).headers["Location"])

    entra.assert_refused(arriving, "groups_incomplete", "sign_in.denied")


@pytest.mark.parametrize("idp", WAYS)
def test_keep_last_stands_in_with_what_came_whole(entra: World, idp: str) -> None:
    configured(entra, idp, overage="keep_last")
    assert access(entra, idp, OVERAGE)["roles"] == [], "nothing was kept yet"
    assert access(entra, idp, {GROUPS: ADMINS})["roles"] == ["admin"]
    said = access(entra, idp, OVERAGE)
    assert (said["groups_complete"], said["roles"]) == (False, ["admin"])


@pytest.mark.parametrize("idp", WAYS)
def test_resolve_asks_graph_as_a_client_of_its_own(entra: World, microsoft: Microsoft, idp: str) -> None:
    """In the Entra tenant of the issuer, never in one that an attribute names."""
    resolving(entra, idp, microsoft)
    said = access(entra, idp, OVERAGE)
    assert ("groups_complete" in said, said["roles"]) == (False, ["admin"])
    (asked, form), (read, _) = microsoft.seen
    assert (asked, form["client_id"], form["client_secret"]) == (f"/{TID}/oauth2/v2.0/token", "reader", "s")
    assert read == f"/v1.0/users/{OID}/transitiveMemberOf/microsoft.graph.group"


@pytest.mark.parametrize("idp", WAYS)
@pytest.mark.parametrize("wrong", ["no object id", "no UUID", "refused"])
def test_where_graph_cannot_help_the_second_policy_decides(
    entra: World, microsoft: Microsoft, idp: str, wrong: str
) -> None:
    resolving(entra, idp, microsoft)
    values = dict(OVERAGE)
    if wrong == "refused":
        microsoft.token = (401, {"error": "invalid_client"})
    elif wrong == "no UUID":
        values[f"{IDENTITY}/objectidentifier"] = "../me"
    else:
        del values[f"{IDENTITY}/objectidentifier"]
    said = access(entra, idp, values)
    assert (said["groups_complete"], said["roles"]) == (False, [])
    assert len(microsoft.seen) == (1 if wrong == "refused" else 0)
