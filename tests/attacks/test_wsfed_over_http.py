"""WS-Federation through the whole broker: whose `wctx` it is, at which tenant, how often, and who signs out whom.

Ids are those of the SAML rows: SM-16 to SM-18 (another browser, tenant, moment), SM-21 (replay).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.model import Callback
from tests.attacks.setting import ENTITIES, Settings
from tests.attacks.world import FORM, UnderWay, World, code_of, query
from tests.attacks.wsfed import CASES, Case, Context
from tests.idps.saml_signer import signer
from tests.idps.wsfed_signer import Service

ENDPOINT = "https://idp.example.com/adfs/ls/"
ELSEWHERE = ("by GET", "a lone surrogate", "10 MB")  # a form cannot carry them to where they would be refused
ALIKE = [
    one
    for one in CASES
    if not (one.wauth or one.reauthenticate or one.cbc or "wctx" in one.what or one.what in ELSEWHERE)
]


def row(tenant: str) -> Settings:
    return {
        "id": "old",
        "protocol": "wsfed",
        "vendor": "adfs",
        "metadata": {"file": f"{tenant}-wsfed.xml"},
        "subject": "name_id",
        "encryption": {"allow_cbc": False},
    }


@pytest.fixture
def federated(fresh: World) -> World:
    """Contoso and northwind trust one AD FS by WS-Federation, fabrikam another one."""
    for tenant in ("contoso", "fabrikam", "northwind"):
        entity, key = ENTITIES[tenant]
        document = Service(entity, [("signing", key)], endpoint=ENDPOINT).document()
        (fresh.folder / "tenants" / f"{tenant}-wsfed.xml").write_bytes(document)
        fresh.tenants[tenant]["identity_providers"].append(row(tenant))
    fresh.apply()
    return fresh


def context(world: World, under_way: UnderWay, tenant: str = "contoso") -> Context:
    """What an IdP reads in the request."""
    asked, (issuer, key) = query(under_way.url), ENTITIES[tenant]
    return Context(
        idp=key,
        issuer=issuer,
        callback=asked["wreply"],
        realm=asked["wtrealm"],
        wctx=asked["wctx"],
        now=world.clock(),
        skew=180,  # AD FS's
        stranger=signer("stranger"),
        sp=world.sp(),
    )


def honest(world: World, under_way: UnderWay, **changes: Any) -> Callback:
    ctx = context(world, under_way)
    return ctx.post(ctx.signed(**{"assertion_id": f"_{ctx.wctx[:22]}", **changes}))


def bring(world: World, browser: FlaskClient, answer: Callback, tenant: str = "contoso", **more: Any) -> TestResponse:
    body = urlencode(answer.form, doseq=True, errors="surrogatepass")
    at = f"/t/{tenant}/wsfed/old/callback"
    return browser.open(at, method="POST", base_url=world.issuer, data=body, content_type=FORM, **more)


def arrive(world: World, browser: FlaskClient, response: TestResponse) -> str:
    return code_of(world.visit(browser, response.headers["Location"]))


def test_request_names_our_realm_and_our_callback(federated: World) -> None:
    under_way = federated.begin("contoso", "old", prompt="login")
    asked, at = query(under_way.url), f"{federated.issuer}/t/contoso/wsfed/old"
    assert under_way.url.startswith(f"{ENDPOINT}?")
    assert (asked["wa"], asked["wtrealm"], asked["wreply"]) == ("wsignin1.0", f"{at}/metadata", f"{at}/callback")
    assert asked["wfresh"] == "0"
    assert len(asked["wctx"]) <= 80


def test_honest_answer_gives_a_code(federated: World) -> None:
    under_way = federated.begin("contoso", "old")
    response = bring(federated, under_way.browser, honest(federated, under_way))
    code = arrive(federated, under_way.browser, response)
    assert federated.redeem(code).status_code == 200


@pytest.mark.parametrize("case", ALIKE, ids=str)
def test_row_over_http(federated: World, case: Case) -> None:
    under_way = federated.begin("contoso", "old")
    answer = case.build(context(federated, under_way))
    federated.assert_refused(lambda: bring(federated, under_way.browser, answer), case.reason, "wsfed.rejected")


def test_sm_16_answer_in_another_browser(federated: World) -> None:
    """Somebody else's good answer does not sign this browser in, with or without a sign-in of its own under way."""
    theirs, ours = federated.begin("contoso", "old"), federated.begin("contoso", "old")
    answer = honest(federated, theirs)
    federated.assert_refused(lambda: bring(federated, ours.browser, answer), "wctx_browser", "wsfed.rejected")


def test_sm_16_own_wctx_around_an_answer_of_another_sign_in_is_taken_once(federated: World) -> None:
    """No answer names its request; so what was taken once, for anybody, is never taken again."""
    theirs, ours = federated.begin("contoso", "old"), federated.begin("contoso", "old")
    answer = honest(federated, theirs)
    arrive(federated, theirs.browser, bring(federated, theirs.browser, answer))
    stolen = Callback("POST", {}, {**answer.form, "wctx": (query(ours.url)["wctx"],)})
    federated.assert_refused(lambda: bring(federated, ours.browser, stolen), "replay", "wsfed.rejected")


@pytest.mark.parametrize("tenant", ["fabrikam", "northwind"])
def test_sm_17_answer_at_another_tenant(federated: World, tenant: str) -> None:
    """Northwind trusts the very same AD FS, and still its path refuses contoso's `wctx`."""
    under_way = federated.begin("contoso", "old")
    answer = honest(federated, under_way)
    federated.assert_refused(
        lambda: bring(federated, under_way.browser, answer, tenant), "wctx_tenant", "wsfed.rejected", tenant=tenant
    )


def test_sm_17_token_for_another_tenant_s_realm(federated: World) -> None:
    """The AD FS that both trust issued it for contoso; northwind's own `wctx` does not help."""
    contoso, northwind = federated.begin("contoso", "old"), federated.begin("northwind", "old")
    token = honest(federated, contoso)
    answer = Callback("POST", {}, {**token.form, "wctx": (query(northwind.url)["wctx"],)})
    federated.assert_refused(
        lambda: bring(federated, northwind.browser, answer, "northwind"),
        "audience",
        "wsfed.rejected",
        tenant="northwind",
    )


def test_sm_18_late_answer(federated: World) -> None:
    under_way = federated.begin("contoso", "old")
    federated.clock.ahead = 601
    answer = honest(federated, under_way)
    federated.assert_refused(lambda: bring(federated, under_way.browser, answer), "request_expired", "wsfed.rejected")


def test_sm_19_answer_that_nobody_asked_for(federated: World) -> None:
    under_way = federated.begin("contoso", "old")
    ctx = context(federated, under_way)
    answer = ctx.post(ctx.signed(), wctx=())
    federated.assert_refused(lambda: bring(federated, under_way.browser, answer), "unsolicited", "wsfed.rejected")


def test_sm_21_answer_twice(federated: World) -> None:
    under_way = federated.begin("contoso", "old")
    answer = honest(federated, under_way)
    bring(federated, under_way.browser, answer)
    federated.assert_refused(lambda: bring(federated, under_way.browser, answer), "request_consumed", "wsfed.rejected")


def test_paths_of_other_protocols_and_of_idps_that_may_not_be_used_do_not_exist(federated: World) -> None:
    browser = federated.browser()
    for path in ("/t/contoso/saml/old/acs", "/t/contoso/wsfed/adfs/callback", "/t/contoso/wsfed/nobody/callback"):
        assert browser.post(path, base_url=federated.issuer).status_code == 404
    assert browser.get("/t/contoso/wsfed/old/metadata", base_url=federated.issuer).status_code == 200
    federated.idp("contoso", "old")["enabled"] = False
    federated.apply()
    assert browser.get("/t/contoso/wsfed/old/metadata", base_url=federated.issuer).status_code == 404
