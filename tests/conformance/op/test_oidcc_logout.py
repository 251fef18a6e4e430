"""Plans rp-initiated-logout, backchannel-rp-initiated-logout, frontchannel-rp-initiated-logout, 3rdparty-init-login."""

from __future__ import annotations

import re
from html import unescape
from queue import Empty
from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from tests.attacks.saml.case import Context
from tests.attacks.setting import ENTITIES, START
from tests.conformance.op.party import SKEW, Party, Tokens
from tests.conformance.op.suite import FRAME, LEFT, Browser, Suite, form_of, query

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Leaving:
    """A person who is signed in at a client, and that client's logout requests."""

    def __init__(self, suite: Suite, client_id: str = "basic") -> None:
        self.party, self.browser = Party(suite, client_id), Browser(suite)
        self.tokens: Tokens = self.party.sign_in(self.browser)
        self.hint = str(self.tokens.answer["id_token"])

    def ask(self, **parameters: str) -> TestResponse:
        return self.browser.open(self.party.at("end_session"), parameters)

    def agree(self, page: TestResponse) -> TestResponse:
        """Press the button of the page that asks whether to sign out."""
        assert page.status_code == 200
        action, fields = form_of(page)
        assert "confirm" in fields, page.text
        return self.browser.post(action, fields)

    def is_over(self) -> bool:
        return self.party.error(self.browser, prompt="none") in {"login_required", "interaction_required"}

    def goes_on(self) -> bool:
        return "code" in self.party.authorize(self.browser, prompt="none").answer

    def refused(self, response: TestResponse) -> bool:
        """An error page, no redirect, and nobody signed out."""
        return response.status_code == 400 and "Location" not in response.headers and self.goes_on()


@pytest.fixture
def leaving(suite: Suite) -> Leaving:
    return Leaving(suite)


def is_done(response: TestResponse) -> bool:
    """A page that says so; no way back to a client."""
    return response.status_code == 200 and "signed out" in response.text and "Location" not in response.headers


def test_oidcc_rp_initiated_logout(leaving: Leaving) -> None:
    """RP-Initiated Logout §2, §3: back at the client with its state, and no session is left."""
    response = leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri=LEFT, state="a b")
    assert response.headers["Location"] == f"{LEFT}?state=a+b"
    assert leaving.is_over()


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(leaving: Leaving) -> None:
    """§3.1: an unregistered address is not gone to."""
    assert leaving.refused(
        leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri="https://rp.example.com/x", state="s")
    )


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(leaving: Leaving) -> None:
    """§3.1: exact comparison, the query included."""
    address = f"{LEFT}?foo=bar"
    assert leaving.refused(leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri=address, state="s"))


def test_oidcc_rp_initiated_logout_modified_id_token_hint(leaving: Leaving) -> None:
    """§2: a hint whose claims were changed proves nothing, so the person is asked, and the browser stays."""
    head, _, signature = leaving.hint.split(".")
    changed = jwt.encode({**leaving.tokens.id_token, "sub": "somebody"}, "x" * 32).split(".")[1]
    page = leaving.ask(id_token_hint=f"{head}.{changed}.{signature}", post_logout_redirect_uri=LEFT, state="s")
    assert leaving.goes_on()
    assert is_done(leaving.agree(page))


def test_oidcc_rp_initiated_logout_bad_id_token_hint(leaving: Leaving) -> None:
    """§2: nor does a word that is no token."""
    page = leaving.ask(id_token_hint="bad", post_logout_redirect_uri=LEFT, state="s")
    assert leaving.goes_on()
    assert is_done(leaving.agree(page))


def test_oidcc_rp_initiated_logout_no_id_token_hint(leaving: Leaving) -> None:
    """§2, §6: without a hint the person is asked; an address of nobody in particular is not gone to."""
    page = leaving.ask(post_logout_redirect_uri=LEFT, state="s")
    assert leaving.goes_on()
    assert is_done(leaving.agree(page))
    assert leaving.is_over()


def test_oidcc_rp_initiated_logout_no_params(leaving: Leaving) -> None:
    """§2: every parameter is optional; the person is asked."""
    page = leaving.ask()
    assert leaving.goes_on()
    assert is_done(leaving.agree(page))
    assert leaving.is_over()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(leaving: Leaving) -> None:
    """§2: with a hint and nowhere to go the browser stays on our page."""
    assert is_done(leaving.ask(id_token_hint=leaving.hint, state="s"))
    assert leaving.is_over()


def test_oidcc_rp_initiated_logout_no_state(leaving: Leaving) -> None:
    """§3: what was not sent does not come back."""
    response = leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri=LEFT)
    assert response.headers["Location"] == LEFT
    assert leaving.is_over()


def test_oidcc_rp_initiated_logout_only_state(leaving: Leaving) -> None:
    """§2: a state alone names nobody."""
    page = leaving.ask(state="s")
    assert leaving.goes_on()
    assert is_done(leaving.agree(page))
    assert leaving.is_over()


def test_oidcc_backchannel_rp_initiated_logout(suite: Suite) -> None:
    """Back-Channel Logout §2.4, §2.5: the client hears of it by a logout token that is signed as its ID tokens are,
    says whose session is over and since when, and can be taken for no ID token."""
    leaving = Leaving(suite, "noticed")
    leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri=LEFT)
    post = suite.inbox.posts.get(timeout=20)
    assert set(post) == {"logout_token"}
    header, claims = read(leaving.party, post["logout_token"])
    assert (header["typ"], header["alg"]) == ("logout+jwt", leaving.tokens.header["alg"])
    named = ("iss", "sub", "aud", "sid")
    assert {name: claims[name] for name in named} == {name: leaving.tokens.id_token[name] for name in named}
    assert claims["events"] == {EVENT: {}}
    assert abs(claims["iat"] - suite.clock()) <= SKEW
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert len(claims["jti"]) >= 8
    assert "nonce" not in claims
    with pytest.raises(Empty):
        suite.inbox.posts.get_nowait()


def read(party: Party, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header = jwt.get_unverified_header(token)
    (key,) = [one for one in party.published() if one["kid"] == header["kid"]]
    return header, jwt.decode(
        token, jwt.PyJWK(key), algorithms=[key["alg"]], audience=party.client_id, issuer=party.issuer
    )


def test_oidcc_frontchannel_rp_initiated_logout(suite: Suite) -> None:
    """Front-Channel Logout §2, §3: the client's address is loaded in a frame with `iss` and `sid`, its own query kept;
    then the browser goes on to where the client wanted it."""
    leaving = Leaving(suite, "framed")
    page = leaving.ask(id_token_hint=leaving.hint, post_logout_redirect_uri=LEFT, state="s")
    (frame,) = re.findall(r'<iframe [^>]*src="([^"]*)"', page.text)
    assert unescape(frame).startswith(f"{FRAME}&")
    assert query(unescape(frame)) == {"kept": "1", "iss": suite.issuer, "sid": leaving.tokens.id_token["sid"]}
    assert "frame-src https://rp.example.com" in page.headers["Content-Security-Policy"]
    assert f"{LEFT}?state=s" in unescape(page.text)
    assert leaving.is_over()


def test_oidcc_3rdparty_init_login(suite: Suite) -> None:
    """OIDC Core §4: a sign-in that began elsewhere leads to the client's initiate_login_uri with our `iss`; the request
    that it answers with finds the session."""
    browser = Browser(suite)
    entity, key = ENTITIES["fabrikam"]
    at = f"{suite.issuer}/t/fabrikam/saml/adfs"
    context = Context(key, entity, f"{at}/acs", f"{at}/metadata", "_nobody", "", suite.clock())
    answer = context.post(context.signed("both", in_response_to=None, inner_in_response_to=None))
    posted = browser.post(f"{at}/acs".removeprefix(suite.issuer), {name: text[0] for name, text in answer.form.items()})
    landed = browser.open(posted.headers["Location"].removeprefix(suite.issuer))
    assert landed.headers["Location"].startswith(f"{START}?")
    assert query(landed.headers["Location"]) == {"iss": suite.issuer}
    assert Party(suite).sign_in(browser, prompt="none").id_token["tenant"] == "fabrikam"
