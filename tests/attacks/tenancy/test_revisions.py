"""A newer revision takes something away: every entry refuses it from that moment on, also what is half way through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.errors import ConfigurationError
from tests.attacks.setting import ENTITIES, saml
from tests.attacks.world import CALLBACK, UnderWay, World, query
from tests.idps.saml_signer import Entity, signer

Change = Callable[[World], None]


def suspend(world: World) -> None:
    world.tenants["contoso"]["state"] = "suspended"


def remove_tenant(world: World) -> None:
    del world.tenants["contoso"]
    del world.clients["only-contoso"]


def disable(world: World) -> None:
    for idp in world.tenants["contoso"]["identity_providers"]:
        idp["enabled"] = False


def remove_client(world: World) -> None:
    del world.clients["web"]


def withdraw_client(world: World) -> None:
    world.clients["web"]["tenants"] = ["fabrikam"]


def deny_everybody(world: World) -> None:
    world.tenants["contoso"]["claims"] = [{"deny": "Nobody today."}]


CHANGES = {
    "tenant_suspended": suspend,
    "tenant_unknown": remove_tenant,
    "idp_disabled": disable,
    "client_unknown": remove_client,
    "client_tenant": withdraw_client,
    "rule_denied": deny_everybody,
}


@dataclass
class Before:
    """Everything that somebody may hold when the revision changes."""

    world: World
    signed_in: FlaskClient
    code: str
    tokens: dict[str, str]
    saml: UnderWay
    oidc: UnderWay
    parked: tuple[UnderWay, str]


@pytest.fixture
def before(fresh: World) -> Before:
    browser, code = fresh.signed_in("contoso", "op")
    parked = fresh.begin("contoso", "adfs")
    location = parked.answer().headers["Location"]
    return Before(
        fresh,
        browser,
        code,
        fresh.tokens("contoso", "op"),
        fresh.begin("contoso", "adfs"),
        fresh.begin("contoso", "op"),
        (parked, location),
    )


@pytest.mark.parametrize("reason", CHANGES)
def test_nothing_is_issued_any_more(before: Before, reason: str) -> None:
    """TN-29, TK-24: at /authorize, single sign-on, both callbacks, the arrival, /token twice and /userinfo."""
    world = before.world
    CHANGES[reason](world)
    world.apply()
    known = world.issued()
    parked, location = before.parked
    acts: dict[str, Callable[[], TestResponse]] = {
        "authorize": lambda: world.authorize(world.browser(), tenant="contoso", idp="op"),
        "single sign-on": lambda: world.authorize(before.signed_in, tenant="contoso", idp="op"),
        "silent": lambda: world.authorize(before.signed_in, tenant="contoso", idp="op", prompt="none"),
        "arrival": lambda: world.visit(parked.browser, location),
        "oidc": before.oidc.answer,
        "saml": before.saml.answer,
        "refresh": lambda: world.refresh(before.tokens["refresh_token"]),
        "userinfo": lambda: world.userinfo(before.tokens["access_token"]),
        "code": lambda: world.redeem(before.code),
    }
    late = {"saml"} if reason == "rule_denied" else set()  # an answer is parked, and denied where it arrives
    early = {"authorize"} if reason == "rule_denied" else set()  # nobody is known before the trip
    for name, act in acts.items():
        response = act()
        answered = query(response.headers.get("Location", ""))
        assert "code" not in answered, name
        assert "access_token" not in response.text, name
        if name in late | early:
            continue
        assert response.status_code in {303, 400, 401, 403, 404}, name
        if response.status_code == 303:
            assert "error" in answered, name
        if response.status_code != 404:  # of a tenant that is gone, the callbacks are gone
            assert world.events()[-1].outcome == "failure", name
    sold = {row for row in world.issued() - known if row[1] != "arrival"}
    assert not sold


@pytest.mark.parametrize("reason", ["tenant_suspended", "idp_disabled", "client_tenant"])
@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_answer_half_way_goes_back_to_the_app_with_the_reason(fresh: World, idp: str, reason: str) -> None:
    """One event for the end of that sign-in, under the reference it began with; it is not `abandoned` as well."""
    under_way = fresh.begin("contoso", idp)
    started = fresh.events()[-1]
    CHANGES[reason](fresh)
    fresh.apply()
    response = fresh.assert_refused(under_way.answer, reason, "sign_in.denied")
    assert query(response.headers["Location"])["error"] == "access_denied"
    assert response.headers["Location"].startswith(CALLBACK)
    assert fresh.events()[-1].reference == started.reference
    fresh.clock.ahead = 3600
    assert under_way.name not in str(fresh.house.store.deployment.expire(int(fresh.clock())))


def test_removed_client_gets_a_page_and_no_redirect(fresh: World) -> None:
    """OP-10: what proved its address is gone."""
    under_way = fresh.begin("contoso", "op")
    remove_client(fresh)
    fresh.apply()
    response = fresh.assert_refused(under_way.answer, "client_unknown", "sign_in.denied")
    assert "Location" not in response.headers


@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_address_that_was_withdrawn_half_way_receives_no_code(fresh: World, idp: str) -> None:
    under_way = fresh.begin("contoso", idp)
    fresh.clients["web"]["redirect_uris"] = ["https://app.example.com/another"]
    fresh.apply()
    event = "saml.rejected" if idp == "adfs" else "oidc_rp.rejected"
    response = fresh.assert_refused(under_way.answer, "redirect_uri", event)
    assert "Location" not in response.headers


def test_label_that_moved_to_another_tenant_takes_no_code_along(fresh: World) -> None:
    """Contract section 2: no code for another tenant ever goes to a `{tenant}` address."""
    under_way = fresh.begin("contoso", "op", "pattern")
    fresh.tenants["contoso"]["home_realm"]["subdomain"] = "moved"
    fresh.tenants["fabrikam"]["home_realm"]["subdomain"] = "contoso"
    fresh.apply()
    response = fresh.assert_refused(under_way.answer, "redirect_uri", "oidc_rp.rejected")
    assert "Location" not in response.headers


def point_elsewhere(world: World, idp: str) -> None:
    """contoso's IdP becomes fabrikam's provider: other people stand behind the same id."""
    if idp == "op":
        world.idp("contoso", "op")["issuer"] = world.ops["fabrikam"].issuer
    else:
        entity, key = ENTITIES["fabrikam"]
        (world.folder / "tenants" / "other.xml").write_bytes(Entity(entity, [("signing", key)]).document())
        world.idp("contoso", "adfs")["metadata"] = {"file": "other.xml"}
    world.apply()


@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_pointing_a_provider_elsewhere_ends_what_the_old_one_proved(fresh: World, idp: str) -> None:
    """Contract section 1, person: single sign-on, refresh, userinfo and the code in hand."""
    browser, code = fresh.signed_in("contoso", idp)
    tokens = fresh.tokens("contoso", idp)
    point_elsewhere(fresh, idp)
    silent = lambda: fresh.authorize(browser, tenant="contoso", idp=idp, prompt="none")  # noqa: E731
    fresh.assert_refused(silent, "no_session", "authorize.rejected")
    fresh.assert_refused(lambda: fresh.refresh(tokens["refresh_token"]), "upstream_changed", "token.rejected")
    fresh.assert_refused(lambda: fresh.userinfo(tokens["access_token"]), "upstream_changed", "userinfo.rejected")
    assert (fresh.redeem(code).json or {})["error"] == "invalid_grant"
    assert fresh.events()[-1].reason == "upstream_changed"


@pytest.mark.parametrize(("idp", "reason", "event"), [
    ("adfs", "signature_invalid", "saml.rejected"), ("op", "issuer", "oidc_rp.rejected"),
])  # fmt: skip
def test_answer_of_the_old_upstream_is_refused(fresh: World, idp: str, reason: str, event: str) -> None:
    under_way = fresh.begin("contoso", idp)
    answer = under_way.honest()
    point_elsewhere(fresh, idp)
    fresh.assert_refused(lambda: under_way.answer(answer), reason, event)


def test_parked_answer_of_the_old_upstream_is_refused(fresh: World) -> None:
    under_way = fresh.begin("contoso", "adfs")
    location = under_way.answer().headers["Location"]
    point_elsewhere(fresh, "adfs")
    before = fresh.issued()
    response = fresh.visit(under_way.browser, location)
    assert query(response.headers["Location"])["error"] == "access_denied"
    assert fresh.events()[-1].reason == "upstream_changed"
    assert fresh.issued() <= before


def test_new_key_of_the_same_upstream_changes_nobody(fresh: World) -> None:
    """A metadata file with next year's certificate is the same upstream: people stay who they are."""
    tokens = fresh.tokens("contoso", "adfs")
    entity, _ = ENTITIES["contoso"]
    new = Entity(entity, [("signing", signer("next year"))])
    (fresh.folder / "tenants" / "renewed.xml").write_bytes(new.document())
    fresh.tenants["contoso"]["identity_providers"] = [saml("contoso", metadata={"file": "renewed.xml"})]
    fresh.apply()
    assert fresh.refresh(tokens["refresh_token"]).status_code == 200


def test_id_of_a_removed_tenant_is_never_given_again(fresh: World) -> None:
    """TN-28: sessions, refresh tokens and people of the old one would meet the new one."""
    tokens = fresh.tokens("northwind", "op")
    removed = fresh.tenants.pop("northwind")
    fresh.apply()
    fresh.tenants["northwind"] = {**removed, "name": "A stranger"}
    with pytest.raises(ConfigurationError) as refused:
        fresh.apply()
    assert [problem.path for problem in refused.value.problems] == ["northwind"]
    assert fresh.refresh(tokens["refresh_token"]).status_code == 400
    del fresh.tenants["northwind"]
    fresh.tenants["northwind-2"] = {**removed, "id": "northwind-2", "home_realm": {}}
    fresh.apply()
    assert fresh.house.live().tenants.keys() == {"contoso", "fabrikam", "northwind-2"}


def test_tenant_that_stays_is_not_taken_for_a_new_one(fresh: World) -> None:
    for name in ("one", "two"):
        fresh.tenants["northwind"]["name"] = name
        fresh.apply()
    assert fresh.house.live().tenants["northwind"].name == "two"
