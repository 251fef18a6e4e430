"""One tenant's answer, state, RelayState or parked arrival, brought to another tenant, browser or moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.model import Callback
from tests.attacks.world import UnderWay, World, code_of, query

KINDS = [("adfs", "saml", "in_response_to"), ("op", "oidc_rp", "state_tenant")]
MOVES = [("contoso", "fabrikam"), ("contoso", "northwind"), ("northwind", "contoso")]
THREADS = 20


@pytest.mark.parametrize("idp", ["adfs", "op"])
@pytest.mark.parametrize("tenant", ["contoso", "fabrikam", "northwind"])
def test_honest_sign_in_gives_a_token_of_its_tenant(world: World, tenant: str, idp: str) -> None:
    said = world.userinfo(world.tokens(tenant, idp)["access_token"]).json
    assert said is not None
    assert (said["tenant"], said["idp"]) == (tenant, idp)


def test_same_upstream_subject_is_another_person_in_each_tenant(world: World) -> None:
    """TN-36: the same entityID, key and NameID; the same issuer and `sub`."""
    subs = {(world.userinfo(world.tokens(tenant, idp)["access_token"]).json or {})["sub"]
            for tenant in ("contoso", "northwind") for idp in ("adfs", "op")}  # fmt: skip
    assert len(subs) == 4


@pytest.mark.parametrize(("idp", "event", "reason"), KINDS, ids=["SM-16", "RP-06"])
@pytest.mark.parametrize(("mine", "theirs"), MOVES)
def test_answer_of_one_tenant_is_refused_by_another(
    world: World, mine: str, theirs: str, idp: str, event: str, reason: str
) -> None:
    """Also where both trust the same upstream, and the browser has a sign-in under way at both."""
    under_way = world.begin(mine, idp)
    world.begin(theirs, idp, browser=under_way.browser)
    refused = lambda: under_way.answer(at=(theirs, idp))  # noqa: E731  named for the line below
    world.assert_refused(refused, reason, f"{event}.rejected", tenant=theirs)
    assert under_way.finish(), "it was refused without being used up"


@pytest.mark.parametrize(("mine", "theirs"), MOVES)
def test_assertion_for_one_tenant_is_refused_under_the_relay_state_of_another(
    world: World, mine: str, theirs: str
) -> None:
    """SM-01, SM-08, SM-16: the message itself is addressed, so re-labelling it does not help."""
    under_way, bait = world.begin(mine, "adfs"), world.begin(theirs, "adfs")
    stolen = under_way.honest()
    moved = Callback("POST", {}, {**stolen.form, "RelayState": (bait.name,)})
    reason = "signature_invalid" if "fabrikam" in (mine, theirs) else "destination"
    world.assert_refused(lambda: bait.answer(moved), reason, "saml.rejected", tenant=theirs)


@pytest.mark.parametrize(("mine", "theirs"), MOVES)
def test_code_of_one_tenants_provider_is_refused_under_the_state_of_another(
    world: World, mine: str, theirs: str
) -> None:
    """RP-07, RP-11: even at the same provider the code belongs to another request (PKCE)."""
    under_way, bait = world.begin(mine, "op"), world.begin(theirs, "op")
    moved = {**under_way.honest().query, "state": (bait.name,)}
    reason = "issuer" if "fabrikam" in (mine, theirs) else "token_error"
    world.assert_refused(lambda: bait.answer(Callback("GET", moved, {})), reason, "oidc_rp.rejected", tenant=theirs)


@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_answer_is_refused_by_another_provider_of_the_same_tenant(world: World, idp: str) -> None:
    other, event, reason = {
        "adfs": ("adfs-response", "saml.rejected", "in_response_to"),
        "op": ("op-rs256", "oidc_rp.rejected", "state_tenant"),
    }[idp]
    under_way = world.begin("contoso", idp)
    world.assert_refused(lambda: under_way.answer(at=("contoso", other)), reason, event)


@pytest.mark.parametrize(("idp", "event", "reason"), [
    ("adfs", "saml", "in_response_to"), ("op", "oidc_rp", "state_session"),
], ids=["SM-13", "RP-02"])  # fmt: skip
def test_answer_is_refused_in_another_browser(world: World, idp: str, event: str, reason: str) -> None:
    """OP-35, SM-13, RP-02: also in one that has a sign-in of its own under way, or a session."""
    attacker = world.begin("contoso", idp)
    victim = world.begin("contoso", idp)
    session, _ = world.signed_in("contoso", "op")
    for browser in (world.browser(), victim.browser, session):
        refused = lambda browser=browser: attacker.answer(browser=browser)  # noqa: E731
        world.assert_refused(refused, reason, f"{event}.rejected")


@pytest.mark.parametrize(("idp", "event", "reasons"), [
    ("adfs", "saml", ("request_consumed", "request_expired")), ("op", "oidc_rp", ("state_consumed", "state_expired")),
], ids=["SM-17 SM-18", "RP-03 RP-04"])  # fmt: skip
def test_answer_counts_once_and_for_ten_minutes(fresh: World, idp: str, event: str, reasons: tuple[str, str]) -> None:
    used, late = fresh.begin("contoso", idp), fresh.begin("contoso", idp)
    answer, thief = used.honest(), copied(used)
    used.finish(answer)
    fresh.assert_refused(lambda: used.answer(answer, browser=thief), reasons[0], f"{event}.rejected")
    fresh.clock.ahead = 601
    fresh.assert_refused(late.answer, reasons[1], f"{event}.rejected")


def test_assertion_is_accepted_once_whatever_carries_it(world: World) -> None:
    """SM-22: the same request id cannot come back, so the IdP itself repeats an assertion id."""
    first, second = world.begin("contoso", "adfs"), world.begin("contoso", "adfs")
    first.finish(first.honest(assertion_id="_once"))
    again = second.honest(assertion_id="_once", response_id="_another")
    world.assert_refused(lambda: second.answer(again), "replay", "saml.rejected")


def test_assertion_ids_of_two_tenants_do_not_meet(world: World) -> None:
    """Nobody burns an id for another tenant, though both trust one IdP."""
    for tenant in ("contoso", "northwind"):
        under_way = world.begin(tenant, "adfs")
        assert under_way.finish(under_way.honest(assertion_id="_twin"))


def parked(world: World, tenant: str = "contoso") -> tuple[UnderWay, str]:
    under_way = world.begin(tenant, "adfs")
    location = under_way.answer().headers["Location"]
    assert location.startswith(f"{world.issuer}/t/{tenant}/saml/adfs/arrival?")
    return under_way, location


def test_parked_arrival_is_bound_to_tenant_browser_and_one_use(world: World) -> None:
    under_way, location = parked(world)
    elsewhere = location.replace("/contoso/", "/northwind/")
    refused = [
        (lambda: world.visit(under_way.browser, elsewhere), "in_response_to", "northwind"),
        (lambda: world.visit(world.browser(), location), "in_response_to", "contoso"),
        (lambda: world.visit(under_way.browser, location.split("?")[0]), "in_response_to", "contoso"),
        (lambda: world.visit(under_way.browser, f"{location}x"), "in_response_to", "contoso"),
    ]
    for act, reason, tenant in refused:
        world.assert_refused(act, reason, "saml.rejected", tenant=tenant)
    thief = copied(under_way)
    assert code_of(world.visit(under_way.browser, location))
    world.assert_refused(lambda: world.visit(thief, location), "request_consumed", "saml.rejected")


def test_arrival_of_another_sign_in_of_this_browser_stays_apart(world: World) -> None:
    """Two tabs, two tenants: each ends where it began (RP-81, OP-40)."""
    one, location = parked(world)
    other = world.begin("northwind", "adfs", browser=one.browser)
    other_location = other.answer().headers["Location"]
    for tenant, where in (("northwind", other_location), ("contoso", location)):
        answer = world.redeem(code_of(world.visit(one.browser, where)))
        assert (world.userinfo((answer.json or {})["access_token"]).json or {})["tenant"] == tenant


@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_twenty_threads_with_one_answer_make_one_session(world: World, idp: str) -> None:
    """SM-21, RP-12."""
    under_way = world.begin("contoso", idp)
    answer = under_way.honest()

    def post(_: int) -> TestResponse:
        browser = copied(under_way)
        response = under_way.answer(answer, browser=browser)
        if "/arrival?" in response.headers.get("Location", ""):
            response = world.visit(browser, response.headers["Location"])
        return response

    before = {row for row in world.issued() if row[0] == "sessions"}
    with ThreadPoolExecutor(THREADS) as pool:
        responses = list(pool.map(post, range(THREADS)))
    assert sum("code" in query(response.headers.get("Location", "")) for response in responses) == 1
    assert {response.status_code for response in responses} == {303, 400}
    assert len({row for row in world.issued() if row[0] == "sessions"} - before) == 1


def copied(under_way: UnderWay) -> FlaskClient:
    """A browser with a copy of every cookie, which it keeps whatever the broker says."""
    kept = under_way.browser._cookies or {}
    thief = under_way.world.app.test_client(use_cookies=False)
    thief.environ_base["HTTP_COOKIE"] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in kept.values())
    return thief
