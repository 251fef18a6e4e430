"""Plain OAuth 2.0 and Entra's many tenants through the whole broker: RP-13, RP-41, RP-59, T12."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.model import Callback
from tests.attacks import setting
from tests.attacks.world import UnderWay, World, query
from tests.idps.oauth2_hub import OAuth2Hub
from tests.idps.oidc_op import OidcOp

LISTED = "11111111-2222-3333-4444-555555555555"
STRANGERS = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def hub(fresh: World) -> Iterator[OAuth2Hub]:
    with OAuth2Hub() as opened:
        opened.client_secret = fresh.environ["UPSTREAM_SECRET"]
        idp = {"id": "hub", "protocol": "oauth2", "vendor": "github", "client_id": opened.client_id}
        secret = {"client_secret": {"env": "UPSTREAM_SECRET"}}
        fresh.tenants["contoso"]["identity_providers"].append({**idp, **secret, "endpoints": opened.endpoints()})
        fresh.apply()
        yield opened


@pytest.fixture
def entra(fresh: World) -> Iterator[OidcOp]:
    """A synthetic Entra at `organizations`, where contoso's people of one tenant may sign in."""
    with OidcOp(path="/organizations/v2.0", client_secret=fresh.environ["UPSTREAM_SECRET"]) as opened:
        template = opened.issuer.replace("organizations", "{tenantid}")
        opened.switches.metadata["issuer"] = template
        opened.switches.answer["iss"] = None
        opened.switches.metadata["authorization_response_iss_parameter_supported"] = None
        belongs_to(opened, LISTED)
        more = {"vendor": "entra", "allowed_tids": [LISTED], "userinfo": "never"}
        idp = setting.oidc(opened, "many", **more)
        idp["issuer"] = opened.issuer
        fresh.tenants["contoso"]["identity_providers"].append(idp)
        fresh.apply()
        yield opened


def belongs_to(op: OidcOp, tid: str) -> None:
    op.switches.claims.update(iss=op.issuer.replace("organizations", tid), tid=tid, oid="the-same-object-id")


def answered(under_way: UnderWay, op: OidcOp) -> Callback:
    given = parse_qs(urlsplit(op.authorize(under_way.url)).query)
    return Callback("GET", {name: tuple(values) for name, values in given.items()}, {})


def test_a_person_of_a_plain_oauth_provider_reaches_the_app(fresh: World, hub: OAuth2Hub) -> None:
    """RP-59: the verified address is not in the tenant's domains, so it does not leave."""
    under_way = fresh.begin("contoso", "hub")
    assert query(under_way.url)["redirect_uri"] == f"{fresh.issuer}/t/contoso/oidc/hub/callback"
    tokens = fresh.redeem(under_way.finish(answered(under_way, hub))).json
    assert tokens is not None
    userinfo = fresh.userinfo(tokens["access_token"]).json
    assert userinfo is not None
    assert "email" not in userinfo
    assert fresh.browser().get("/t/contoso/oauth2/hub/callback", base_url=fresh.issuer).status_code == 404, (
        "our client of OAuth 2.0 has one address"
    )


def test_rp_13_a_plain_oauth_answer_by_form_is_refused(fresh: World, hub: OAuth2Hub) -> None:
    under_way = fresh.begin("contoso", "hub")
    given = answered(under_way, hub)
    fresh.assert_refused(lambda: under_way.answer(given, method="POST"), "response_mode", "oauth_rp.rejected")


def test_an_app_that_asks_for_a_fresh_sign_in_is_told_that_none_can_be_proven(fresh: World, hub: OAuth2Hub) -> None:
    answer = fresh.authorize(fresh.browser(), tenant="contoso", idp="hub", prompt="login")
    told = query(answer.headers["Location"])
    assert told["error"] == "access_denied"
    assert "fresh sign-in" in told["error_description"]
    assert hub.asked("/authorize") == 0


def test_rp_41_people_of_a_tenant_that_is_not_listed_leave_with_nothing(fresh: World, entra: OidcOp) -> None:
    """T12"""
    under_way = fresh.begin("contoso", "many")
    belongs_to(entra, STRANGERS)
    given = answered(under_way, entra)
    fresh.assert_refused(lambda: under_way.answer(given), "iss", "oidc_rp.rejected")


def test_a_tenant_that_leaves_the_list_takes_its_sessions_along(fresh: World, entra: OidcOp) -> None:
    under_way = fresh.begin("contoso", "many")
    tokens = fresh.redeem(under_way.finish(answered(under_way, entra))).json
    assert tokens is not None
    assert fresh.userinfo(tokens["access_token"]).status_code == 200
    fresh.idp("contoso", "many")["allowed_tids"] = [STRANGERS]
    fresh.apply()
    assert fresh.userinfo(tokens["access_token"]).status_code == 401
    refused = fresh.refresh(tokens["refresh_token"])
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
