"""Sign-ins that nobody asked for: SM-19, SM-20, SB-10 to SB-13. Off by default; where they are on, they open a session
and lead to an application on the list, which gets no code that it did not ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.model import Callback
from broker.xml import gate
from tests.attacks.saml import Context
from tests.attacks.setting import ENTITIES, INBOX, START
from tests.attacks.world import FORM, World, query
from tests.idps.saml_signer import signer

PORTAL = "adfs-portal"
UNASKED: Mapping[str, Any] = {"in_response_to": None, "inner_in_response_to": None}


def context(world: World, idp: str = PORTAL, relay_state: str = "") -> Context:
    issuer, key = ENTITIES["contoso"]
    at = f"{world.issuer}/t/contoso/saml/{idp}"
    return Context(key, issuer, f"{at}/acs", f"{at}/metadata", "_nobody", relay_state, world.clock())


def unasked(world: World, idp: str = PORTAL, relay_state: str = "", **changes: Any) -> Callback:
    """What the IdP's portal posts."""
    ctx = context(world, idp, relay_state)
    fresh = {"assertion_id": f"_p{len(world.events())}", "response_id": f"_r{len(world.events())}"}
    return ctx.post(ctx.signed("both", **{**UNASKED, **fresh, **changes}))


def post(world: World, answer: Callback, idp: str = PORTAL, browser: FlaskClient | None = None) -> TestResponse:
    return (browser or world.browser()).post(
        f"/t/contoso/saml/{idp}/acs",
        base_url=world.issuer,
        data={name: values[0] for name, values in answer.form.items()},
        content_type=FORM,
    )


def landing(world: World, browser: FlaskClient, **how: Any) -> str:
    """Where the browser comes back to by GET."""
    location = post(world, unasked(world, **how), browser=browser).headers["Location"]
    assert location.startswith(f"{world.issuer}/t/contoso/saml/{PORTAL}/landing?")
    return location


def landed(world: World, browser: FlaskClient, **how: Any) -> str:
    return world.visit(browser, landing(world, browser, **how)).headers["Location"]


def test_portal_leads_to_the_application_without_a_code(fresh: World) -> None:
    browser = fresh.browser()
    location = landed(fresh, browser)
    assert location.startswith(f"{START}?kept=1&")
    assert query(location) == {"kept": "1", "iss": fresh.issuer}
    answer = fresh.authorize(browser, "spa", prompt="none", tenant="contoso")
    assert "code" in query(answer.headers["Location"]), "the sign-in that it begins finds the session"
    assert not [event for event in fresh.events() if event.event == "saml.relaystate_ignored"]


def test_an_answer_is_read_once(fresh: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who began is asked of the message before its signature is looked at: what that costs is spent once."""
    fields: list[str] = []
    through = gate.open_response
    monkeypatch.setattr(gate, "open_response", lambda field: (fields.append(field), through(field))[1])
    assert post(fresh, unasked(fresh)).status_code == 303
    assert len(fields) == 1
    assert post(fresh, unasked(fresh, in_response_to="_x")).status_code == 400
    assert len(fields) == 2


@pytest.mark.parametrize(("relay_state", "link"), [("spa", None), (INBOX, INBOX)])
def test_relay_state_chooses_among_the_allowed(fresh: World, relay_state: str, link: str | None) -> None:
    assert query(landed(fresh, fresh.browser(), relay_state=relay_state)).get("target_link_uri") == link


@pytest.mark.parametrize("relay_state", [
    "https://evil.example/", "//evil.example", "/\\evil.example", "https:evil.example", "%2f%2fevil.example",
    "https://\tevil.example", "javascript:alert(1)", '"><script>alert(1)</script>', "web", f"{INBOX}/", "a.b.c.d",
])  # fmt: skip
def test_relay_state_leads_nowhere_else(fresh: World, relay_state: str) -> None:
    """SB-10, SB-11, SB-13: another application, too, is nowhere; an audit event says what was ignored."""
    assert (
        landed(fresh, fresh.browser(), relay_state=relay_state)
        == f"{START}?{urlencode({'kept': 1, 'iss': fresh.issuer})}"
    )
    assert [one.client_id for one in fresh.events() if one.event == "saml.relaystate_ignored"] == ["spa"]


REFUSED: list[tuple[str, str, Mapping[str, Any]]] = [
    ("SM-20 Response names a request", "in_response_to", {"in_response_to": "_x"}),
    ("SM-20 confirmation names a request", "in_response_to", {"inner_in_response_to": "_x"}),
    ("SM-07 wrong audience", "audience", {"audiences": [["https://other.example/"]]}),
    ("SM-25 expired", "expired", {"valid_from": -400, "valid_until": -200}),
    ("SM-29 confirmation expired", "confirmation_expired", {"confirmed_until": -200}),
    ("SM-38 wrong issuer", "issuer", {"issuer": "https://other.example/"}),
]


@pytest.mark.parametrize(("reason", "changes"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_same_column_of_checks(secure: World, reason: str, changes: Mapping[str, Any]) -> None:
    answer = unasked(secure, relay_state="spa", **changes)
    secure.assert_refused(lambda: post(secure, answer), reason, "saml.rejected")


def test_stranger_begins_nothing(secure: World) -> None:
    ctx = context(secure)
    answer = ctx.post(ctx.signed(by=signer("stranger"), **UNASKED))
    secure.assert_refused(lambda: post(secure, answer), "signature_invalid", "saml.rejected")


def test_nobody_begins_where_that_is_off(secure: World) -> None:
    """SM-19."""
    answer = unasked(secure, "adfs")
    secure.assert_refused(lambda: post(secure, answer, "adfs"), "unsolicited", "saml.rejected")


def test_switched_off_idp_begins_nothing(secure: World) -> None:
    """SM-55, the IdP-initiated half."""
    answer = unasked(secure, "adfs-off")
    secure.assert_refused(lambda: post(secure, answer, "adfs-off"), "idp_disabled", "saml.rejected")


def test_long_relay_state_is_refused(secure: World) -> None:
    """SB-12."""
    answer = unasked(secure, relay_state="x" * 81)
    secure.assert_refused(lambda: post(secure, answer), "relay_state", "saml.rejected")


def test_answer_counts_once(fresh: World) -> None:
    """SM-21, whichever of the two ways it comes in."""
    answer = unasked(fresh)
    post(fresh, answer)
    fresh.assert_refused(lambda: post(fresh, answer), "replay", "saml.rejected")


def test_landing_is_bound_to_the_browser_that_posted(fresh: World) -> None:
    browser = fresh.browser()
    location = landing(fresh, browser)
    fresh.assert_refused(lambda: fresh.visit(fresh.browser(), location), "unsolicited", "sign_in.denied")
    elsewhere = location.replace(PORTAL, "adfs")
    fresh.assert_refused(lambda: fresh.visit(browser, elsewhere), "unsolicited", "sign_in.denied")
    name = query(location)["name"]
    cookie = browser.get_cookie(f"signin-{name}")
    assert cookie is not None
    fresh.visit(browser, location)
    browser.set_cookie(f"signin-{name}", cookie.value)
    fresh.assert_refused(lambda: fresh.visit(browser, location), "request_consumed", "sign_in.denied")


def test_landing_is_late_after_two_minutes(fresh: World) -> None:
    browser = fresh.browser()
    location = landing(fresh, browser)
    fresh.clock.ahead = 121
    fresh.assert_refused(lambda: fresh.visit(browser, location), "request_expired", "sign_in.denied")


def test_ordinary_sign_in_stays_what_it_is_there(fresh: World) -> None:
    """A portal's IdP still answers requests, bound to the browser as ever."""
    under_way = fresh.begin("contoso", PORTAL)
    answer = under_way.honest()
    fresh.assert_refused(lambda: under_way.answer(answer, browser=fresh.browser()), "in_response_to", "saml.rejected")
    assert under_way.finish(answer)


def test_target_that_is_no_longer_registered_gets_nobody(fresh: World) -> None:
    browser = fresh.browser()
    location = landing(fresh, browser)
    fresh.clients["spa"]["tenants"] = ["northwind"]
    fresh.idp("contoso", PORTAL)["unsolicited"] = {"allowed_targets": ["web"]}
    fresh.clients["web"]["initiate_login_uri"] = START
    fresh.idp("contoso", "adfs-off").pop("unsolicited")
    fresh.apply()
    sessions = {row for row in fresh.issued() if row[0] == "sessions"}
    response = fresh.visit(browser, location)
    assert (response.status_code, fresh.events()[-1].reason) == (403, "client_tenant")
    assert {row for row in fresh.issued() if row[0] == "sessions"} == sessions
