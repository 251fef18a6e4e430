"""/par (RFC 9126): one client, one browser at a time, one answer, and nothing beside it counts."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.attacks.front import GOOD, Changes, begun, client_proof, push, pushed, signed, visit
from tests.attacks.setting import CALLBACK
from tests.attacks.world import VERIFIER, UnderWay, World, code_of, query
from tests.unit.clients.signing import key, proof


@pytest.mark.parametrize("client_id", ["web", "spa", "pusher"])
def test_a_pushed_request_signs_somebody_in(here: World, client_id: str) -> None:
    """RFC 9126 §4"""
    under_way = begun(here, pushed(here, client_id), client_id)
    response = under_way.answer()
    assert query(response.headers["Location"])["state"] == "pushed state"
    assert here.redeem(code_of(response), client_id).status_code == 200


def test_a_client_may_name_itself_in_its_proof_alone(here: World) -> None:
    """RFC 7521 §4.2"""
    answer = push(here, "fapi", {"client_id": None})
    assert answer.status_code == 201, answer.text
    begun(here, (answer.json or {})["request_uri"], "fapi").finish()


@pytest.mark.parametrize("client_id", ["web", "fapi"])
def test_what_proved_the_client_is_not_kept(here: World, client_id: str) -> None:
    handle = pushed(here, client_id).rpartition(":")[2]
    kept = here.house.store.deployment.peek("par", handle)
    assert kept is not None
    assert "pushed state" in kept
    assert not any(name in kept for name in ("client_secret", "client_assertion"))


def test_beside_a_pushed_request_nothing_counts(here: World) -> None:
    """RFC 9101 §6.3: not even where it could only hint."""
    more = {"state": "x", "redirect_uri": "https://evil.example.com/", "scope": "openid", "login_hint": "e@contoso.com"}
    under_way = begun(here, pushed(here), **more, prompt="none", response_mode="form_post")
    assert "login_hint" not in query(under_way.url)
    response = under_way.answer()
    assert response.headers["Location"].startswith(f"{CALLBACK}?")
    assert query(response.headers["Location"])["state"] == "pushed state"


def test_a_reload_begins_again_until_one_has_finished(here: World) -> None:
    """RFC 9126 §4: used once; a person who reloads has not used it yet."""
    request_uri = pushed(here)
    abandoned, reloaded = begun(here, request_uri), begun(here, request_uri)
    assert reloaded.finish()
    here.assert_refused(lambda: visit(here, request_uri), "request_uri_unknown", "authorize.rejected", tenant=None)
    late = here.assert_refused(abandoned.answer, "request_uri_used", "sign_in.denied")
    assert query(late.headers["Location"])["error"] == "invalid_request"


def test_of_twenty_windows_one_gets_the_code(here: World) -> None:
    request_uri = pushed(here)
    windows = [begun(here, request_uri) for _ in range(20)]
    answers = [(window, window.honest()) for window in windows]
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda one: one[0].answer(one[1]), answers))
    assert ["code" in query(one.headers["Location"]) for one in responses].count(True) == 1


def test_an_error_uses_it_up(here: World) -> None:
    request_uri = pushed(here, changed={"prompt": "none"})
    response = visit(here, request_uri)
    assert query(response.headers["Location"])["error"] == "login_required"
    assert visit(here, request_uri).status_code == 400
    assert here.events()[-1].reason == "request_uri_unknown"


def test_an_error_of_the_identity_provider_uses_it_up(here: World) -> None:
    request_uri = pushed(here)
    under_way = begun(here, request_uri)
    refused = under_way.honest()
    denied = {
        "error": ("access_denied",),
        **{name: refused.query[name] for name in ("state", "iss") if name in refused.query},
    }
    answer = under_way.answer(type(refused)("GET", denied, {}))
    assert "error" in query(answer.headers["Location"])
    assert visit(here, request_uri).status_code == 400


def test_it_waits_ninety_seconds(here: World) -> None:
    request_uri = pushed(here)
    here.clock.ahead = 80
    assert visit(here, request_uri).status_code == 303
    here.clock.ahead = 90
    here.assert_refused(lambda: visit(here, request_uri), "request_uri_expired", "authorize.rejected", tenant=None)


def test_it_is_of_no_use_to_another_client(here: World) -> None:
    request_uri = pushed(here)
    here.assert_refused(
        lambda: visit(here, request_uri, "spa"), "request_uri_client", "authorize.rejected", tenant=None
    )
    assert visit(here, request_uri).status_code == 303


@pytest.mark.parametrize("address", ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:x"])
def test_an_invented_one_is_a_page(here: World, address: str) -> None:
    here.assert_refused(lambda: visit(here, address), "request_uri_unknown", "authorize.rejected", tenant=None)


@pytest.mark.parametrize("address", ["https://169.254.169.254/", "file:///etc/passwd", "urn:example:x"])
def test_somebody_elses_reference_is_never_fetched(here: World, address: str) -> None:
    """OP-29: the registered redirect URI beside it gets the error, and nothing goes out."""
    response = here.assert_refused(
        lambda: here.authorize(here.browser(), request_uri=address), "request_uri", "authorize.rejected", tenant=None
    )
    assert query(response.headers["Location"])["error"] == "request_uri_not_supported"


def test_our_own_page_carries_it_and_lets_nobody_hurry(here: World) -> None:
    """Who looks for an address longer than ninety seconds still signs in; what they typed counts."""
    request_uri = pushed(here, changed={"tenant": None, "idp": None})
    browser = here.browser()
    page = visit(here, request_uri, browser=browser)
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    assert set(fields) == {"client_id", "request_uri", "page"}
    here.clock.ahead = 500
    typed = browser.get(
        "/authorize", base_url=here.issuer, query_string={**fields, "login_hint": "ana@contoso.com", "idp": "adfs"}
    )
    assert typed.status_code == 200, "two identity providers serve the address: the chooser"
    choice = next(
        link for link in re.findall(r'href="(/authorize\?[^"]*)"', typed.text) if link.endswith("contoso%2Fadfs")
    )
    chosen = browser.get(html.unescape(choice), base_url=here.issuer)
    under_way = UnderWay(here, browser, "contoso", "adfs", "web", chosen.headers["Location"])
    assert under_way.finish()


def test_our_own_page_waits_for_ten_minutes(here: World) -> None:
    page = visit(here, pushed(here, changed={"tenant": None, "idp": None}))
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    for ahead, status in ((590, 200), (600, 400)):
        here.clock.ahead = ahead
        assert here.browser().get("/authorize", base_url=here.issuer, query_string=fields).status_code == status
    assert here.events()[-1].reason == "request_uri_expired"


def test_cancel_ends_it(here: World) -> None:
    request_uri = pushed(here, changed={"tenant": None, "idp": None})
    page = visit(here, request_uri)
    cancel = re.search(r'href="(/login/cancel\?[^"]*)"', page.text)
    assert cancel is not None
    answer = here.browser().get(html.unescape(cancel[1]), base_url=here.issuer)
    assert query(answer.headers["Location"])["error"] == "access_denied"
    assert query(answer.headers["Location"])["state"] == "pushed state"
    assert visit(here, request_uri).status_code == 400


def test_a_mark_of_another_request_is_none(here: World) -> None:
    """The mark says when this very request was first seen."""
    first, second = (pushed(here, changed={"tenant": None, "idp": None}) for _ in range(2))
    mark = re.search(r'name="page" value="([^"]*)"', visit(here, first).text)
    assert mark is not None
    here.clock.ahead = 100
    here.assert_refused(
        lambda: visit(here, second, page=mark[1]), "request_uri_expired", "authorize.rejected", tenant=None
    )


PUSHES: list[tuple[str, str, Changes, str, str, int]] = [
    ("request_uri inside", "web", {"request_uri": "urn:x"}, "invalid_request", "request_uri_pushed", 400),
    ("no PKCE", "web", {"code_challenge": None}, "invalid_request", "pkce_missing", 400),
    ("plain PKCE", "web", {"code_challenge_method": "plain"}, "invalid_request", "pkce_method", 400),
    ("no redirect URI", "web", {"redirect_uri": None}, "invalid_request", "redirect_uri", 400),
    ("strange redirect URI", "web", {"redirect_uri": f"{CALLBACK}/x"}, "invalid_request", "redirect_uri", 400),
    ("code id_token", "web", {"response_type": "code id_token"}, "unsupported_response_type", "response_type", 400),
    ("token", "web", {"response_type": "token"}, "unsupported_response_type", "response_type", 400),
    ("unknown resource", "web", {"resource": "https://x.example"}, "invalid_target", "target_unknown", 400),
    ("unknown tenant", "web", {"tenant": "nobody"}, "invalid_request", "tenant_unknown", 400),
    ("two tenants", "web", {"acr_values": "tenant:fabrikam"}, "invalid_request", "tenant_conflict", 400),
    ("not the client", "web", {"client_secret": "wrong" * 10}, "invalid_client", "client_secret", 401),
    ("nobody", "web", {"client_secret": None}, "invalid_client", "client_method", 401),
    ("must sign", "signer", {}, "invalid_request", "request_object_required", 400),
    ("request object of another", "signer", {"request": "other"}, "invalid_request_object", "request_iss", 400),
    ("no request object", "web", {"request": "x.y"}, "invalid_request_object", "request_malformed", 400),
    ("FAPI without assertion", "fapi", {"client_assertion": None}, "invalid_client", "assertion_type", 401),
]


@pytest.mark.parametrize(
    ("client_id", "changed", "error", "reason", "status"), [row[1:] for row in PUSHES], ids=[row[0] for row in PUSHES]
)
def test_a_bad_push_is_refused(
    here: World, client_id: str, changed: Changes, error: str, reason: str, status: int
) -> None:
    if changed.get("request") == "other":
        changed = {"request": signed(here, "web")}
    held = here.issued()
    response = push(here, client_id, changed)
    assert (response.status_code, (response.json or {})["error"]) == (status, error)
    assert "request_uri" not in (response.json or {})
    assert (here.events()[-1].event, here.events()[-1].reason) == ("par.rejected", reason)
    assert here.events()[-1].reference in (response.json or {})["error_description"]
    assert here.issued() == held


def test_pushing_takes_a_post_of_single_parameters(here: World) -> None:
    assert here.browser().get("/par", base_url=here.issuer).status_code == 405
    twice = [("client_id", "spa"), *GOOD.items(), ("state", "again")]
    form = "&".join(f"{name}={value}" for name, value in twice)
    answer = here.browser().post(
        "/par", base_url=here.issuer, data=form, content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, here.events()[-1].reason) == (400, "repeated")


def test_who_must_push_cannot_ask_plainly(here: World) -> None:
    """RFC 9126 §6; FAPI 2.0 Security Profile §5.3.2.2"""
    for client_id in ("pusher", "fapi"):
        here.assert_refused(
            lambda client_id=client_id: here.authorize(here.browser(), client_id),
            "par_required",
            "authorize.rejected",
            tenant=None,
        )


def test_a_fapi_client_pushes_with_its_key(here: World) -> None:
    under_way = begun(here, pushed(here, "fapi"), "fapi")
    response = under_way.answer()
    answered = parse_qs(urlsplit(response.headers["Location"]).query)
    assert set(answered) == {"code", "state", "iss"}


def test_a_code_belongs_to_the_key_that_pushed_the_request(here: World) -> None:
    """RFC 9449 §10.1; FAPI 2.0 Security Profile, "PAR with DPoP: code bound to the key"."""

    def proven(holder: str, path: str) -> dict[str, str]:
        made = proof(key(holder), htu=f"{here.issuer}{path}", iat=int(here.clock()))
        return {"DPoP": made}

    def redeem(holder: str) -> TestResponse:
        answer = push(here, "fapi", headers=proven("first holder", "/par"))
        code = begun(here, (answer.json or {})["request_uri"], "fapi").finish()
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK}
        return here.browser().post(
            "/token",
            base_url=here.issuer,
            data={"client_id": "fapi", **client_proof(here, "fapi"), **form},
            headers=proven(holder, "/token"),
        )

    assert (redeem("first holder").json or {})["token_type"] == "DPoP"
    refused = redeem("second holder")
    assert ((refused.json or {})["error"], here.events()[-1].reason) == ("invalid_grant", "cnf")


def test_state_of_any_sensible_length_comes_back(here: World) -> None:
    for state in ("s" * 64, "s" * 1000, None):
        answer = begun(here, pushed(here, "fapi", {"state": state, "nonce": state}), "fapi").answer()
        assert query(answer.headers["Location"]).get("state") == state
