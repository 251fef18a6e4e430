"""Request objects (RFC 9101) over HTTP: what is inside counts, and leads nowhere that is not registered."""

from __future__ import annotations

import pytest

from tests.attacks.front import GOOD, RSA, begun, push, signed
from tests.attacks.setting import CALLBACK
from tests.attacks.world import UnderWay, World, code_of, query, redirect_uri


def test_a_signed_request_counts_and_nothing_beside_it(here: World) -> None:
    """RFC 9101 §6.3: state and nonce differ outside; those inside win."""
    browser = here.browser()
    value = signed(here)
    outside = {"client_id": "signer", "request": value, "state": "outside", "scope": "openid offline_access"}
    response = browser.get("/authorize", base_url=here.issuer, query_string={**outside, "tenant": "fabrikam"})
    under_way = UnderWay(here, browser, "contoso", "op", "signer", response.headers["Location"])
    answered = under_way.answer()
    assert query(answered.headers["Location"])["state"] == GOOD["state"]
    tokens = here.redeem(code_of(answered), "signer").json or {}
    assert tokens["scope"] == "openid email"


def test_a_signed_request_may_be_pushed(here: World) -> None:
    """RFC 9126 §3"""
    none_outside = dict.fromkeys(GOOD)
    answer = push(here, "signer", {**none_outside, "request": signed(here), "state": "outside"})
    assert answer.status_code == 201, answer.text
    finished = begun(here, (answer.json or {})["request_uri"], "signer").answer()
    assert query(finished.headers["Location"])["state"] == GOOD["state"]


def test_who_must_sign_cannot_ask_plainly(here: World) -> None:
    here.assert_refused(
        lambda: here.authorize(here.browser(), "signer"), "request_object_required", "authorize.rejected", tenant=None
    )


OBJECTS: list[tuple[str, str, dict[str, object], str]] = [
    ("expired", "signer", {"exp": 1}, "request_expired"),
    ("not for us", "signer", {"aud": "https://other.example.com"}, "request_aud"),
    ("of another client", "signer", {"iss": "web"}, "request_iss"),
    ("holds another", "signer", {"request_uri": "https://evil.example.com/"}, "request_uri"),
    ("without response_type", "signer", {"response_type": None}, "response_type_missing"),
]


@pytest.mark.parametrize(
    ("client_id", "changed", "reason"), [row[1:] for row in OBJECTS], ids=[row[0] for row in OBJECTS]
)
def test_a_bad_request_object_goes_back_where_the_redirect_uri_is_good(
    here: World, client_id: str, changed: dict[str, object], reason: str
) -> None:
    """OP-29"""
    value = signed(here, client_id, **changed)
    asked = {"client_id": client_id, "request": value, "redirect_uri": redirect_uri(client_id, "contoso")}
    response = here.assert_refused(
        lambda: here.browser().get("/authorize", base_url=here.issuer, query_string=asked),
        reason,
        "authorize.rejected",
        tenant=None,
    )
    assert response.headers["Location"].startswith(CALLBACK)
    assert here.events()[-1].client_id == client_id


def test_a_bad_request_object_without_a_way_back_is_a_page(here: World) -> None:
    """OP-10: what is not proven names no redirect URI."""
    value = signed(here, exp=1)
    response = here.assert_refused(
        lambda: here.browser().get(
            "/authorize", base_url=here.issuer, query_string={"client_id": "signer", "request": value}
        ),
        "request_expired",
        "authorize.rejected",
        tenant=None,
    )
    assert response.status_code == 400
    assert here.events()[-1].client_id == "signer"


def test_a_redirect_uri_inside_must_be_registered_too(here: World) -> None:
    value = signed(here, redirect_uri="https://evil.example.com/")
    response = here.assert_refused(
        lambda: here.browser().get(
            "/authorize", base_url=here.issuer, query_string={"client_id": "signer", "request": value}
        ),
        "redirect_uri",
        "authorize.rejected",
        tenant=None,
    )
    assert response.status_code == 400


def test_fapi_takes_no_rs256(here: World) -> None:
    none_outside = dict.fromkeys(GOOD)
    answer = push(here, "fapi", {**none_outside, "request": signed(here, "fapi", RSA)})
    assert ((answer.json or {})["error"], here.events()[-1].reason) == ("invalid_request_object", "request_alg")
    assert push(here, "signer", {**none_outside, "request": signed(here, "signer", RSA)}).status_code == 201
