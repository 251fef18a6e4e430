"""RP-Initiated Logout 1.0 at /logout. Tests are named after the conformance modules where there is one."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from broker.tokens.rotation import PURPOSE
from tests.unit.grants.house import ISSUER, SPA, claims
from tests.unit.web.leaving import APP, FRAMED, LEFT, QUIET, Leaving, asks, clients, is_over

OTHER = "https://evil.example/"


@pytest.fixture
def hint(leaving: Leaving) -> str:
    """The ID token of a person whose browser holds the session."""
    leaving.carry_cookie()
    return str(leaving.tokens_of(APP)["id_token"])


def refused(leaving: Leaving, response: TestResponse, reason: str) -> None:
    """A page, no redirect, nothing ended, and the event that says why."""
    event = leaving.last_event()
    assert (response.status_code, event.outcome, event.reason) == (400, "failure", reason)
    assert f"<code>{event.reference}</code>" in response.text
    assert "Location" not in response.headers
    assert leaving.alive()


def went_to(response: TestResponse, address: str) -> bool:
    return (response.status_code, response.headers.get("Location")) == (303, address)


def test_rp_initiated_logout(leaving: Leaving, hint: str) -> None:
    response = leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT, state="a b&c")
    assert went_to(response, f"{LEFT}?state=a+b%26c")
    assert not leaving.alive()
    (ended,) = leaving.events("session.ended")
    assert (ended.tenant, ended.idp, ended.sub, ended.sid) == ("contoso", "adfs", "sub-1", "sid-1")


def test_rp_initiated_logout_by_a_form_of_the_application(leaving: Leaving) -> None:
    """RP-Initiated Logout §2: POST as well. The cookie is Lax, so it does not come along."""
    hint = leaving.tokens_of(APP)["id_token"]
    response = leaving.http.post("/logout", data={"id_token_hint": hint, "post_logout_redirect_uri": LEFT})
    assert went_to(response, LEFT)
    assert not leaving.alive()
    assert "Set-Cookie" not in response.headers, "other sessions may live behind the cookie that was not shown"


def test_rp_initiated_logout_bad_post_logout_redirect_uri(leaving: Leaving, hint: str) -> None:
    """TK-55"""
    for uri in (OTHER, f"{LEFT}/", LEFT.upper(), "javascript:alert(1)", f"{LEFT}#x", SPA.redirect_uris[0]):
        refused(leaving, leaving.leave(id_token_hint=hint, post_logout_redirect_uri=uri), "post_logout_redirect_uri")


def test_rp_initiated_logout_query_added_to_post_logout_redirect_uri(leaving: Leaving, hint: str) -> None:
    response = leaving.leave(id_token_hint=hint, post_logout_redirect_uri=f"{LEFT}?added=1")
    refused(leaving, response, "post_logout_redirect_uri")


def test_a_registered_query_stays_and_state_joins_it(leaving: Leaving, hint: str) -> None:
    response = leaving.leave(id_token_hint=hint, post_logout_redirect_uri=f"{LEFT}?kept=1", state="s")
    assert went_to(response, f"{LEFT}?kept=1&state=s")


@pytest.mark.parametrize("parameters", [{"post_logout_redirect_uri": LEFT, "state": "s"}, {"client_id": "web"}])
def test_rp_initiated_logout_no_id_token_hint(leaving: Leaving, hint: str, parameters: dict[str, str]) -> None:
    """TK-55, TK-56, SB-33: asks; an address of nobody in particular is not gone to."""
    page = leaving.leave(**parameters)
    assert asks(page)
    assert leaving.alive()
    response = leaving.confirm(page)
    assert is_over(response)
    assert "Location" not in response.headers
    assert not leaving.alive()


def test_a_client_that_names_itself_gets_the_browser_back_once_the_person_agreed(leaving: Leaving, hint: str) -> None:
    page = leaving.leave(client_id="web", post_logout_redirect_uri=LEFT, state="s")
    assert asks(page)
    assert went_to(leaving.confirm(page), f"{LEFT}?state=s")


def test_rp_initiated_logout_no_params(leaving: Leaving, hint: str) -> None:
    page = leaving.leave()
    assert asks(page)
    assert is_over(leaving.confirm(page))
    assert not leaving.alive()


def test_rp_initiated_logout_no_post_logout_redirect_uri(leaving: Leaving, hint: str) -> None:
    assert is_over(leaving.leave(id_token_hint=hint, state="s"))
    assert not leaving.alive()


def test_rp_initiated_logout_no_state(leaving: Leaving, hint: str) -> None:
    assert went_to(leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT), LEFT)


def test_rp_initiated_logout_only_state(leaving: Leaving, hint: str) -> None:
    page = leaving.leave(state="s")
    assert asks(page)
    response = leaving.confirm(page)
    assert is_over(response)
    assert "Location" not in response.headers


@pytest.mark.parametrize("damage", [lambda hint: "x", lambda hint: "e30.e30.", lambda hint: f"{hint[:-9]}AAAAAAAA="])
def test_rp_initiated_logout_bad_id_token_hint(leaving: Leaving, hint: str, damage) -> None:
    page = leaving.leave(id_token_hint=damage(hint), post_logout_redirect_uri=LEFT)
    assert asks(page)
    assert leaving.alive()


def test_rp_initiated_logout_modified_id_token_hint(leaving: Leaving, hint: str) -> None:
    """The signature is good, but of other claims."""
    header, _, signature = hint.split(".")
    _, other, _ = leaving.tokens_of(FRAMED)["id_token"].split(".")
    assert asks(leaving.leave(id_token_hint=f"{header}.{other}.{signature}", post_logout_redirect_uri=LEFT))
    assert leaving.alive()


@pytest.mark.parametrize("token", ["access_token", "logout_token"])
def test_another_token_of_ours_is_no_hint(leaving: Leaving, hint: str, token: str) -> None:
    """TK-53"""
    session = leaving.open("contoso", "sid-2", "elsewhere", APP)
    leaving.signout.end(leaving.live, [session])
    leaving.deliveries.work()
    ours = {"access_token": leaving.tokens_of(APP)["access_token"], "logout_token": leaving.receivers.tokens[0]}
    assert asks(leaving.leave(id_token_hint=ours[token], post_logout_redirect_uri=LEFT))


def test_a_hint_that_expired_or_whose_key_has_retired_is_fine(leaving: Leaving, hint: str) -> None:
    """Contract section 2, Logout."""
    kid = next(key.kid for key in leaving.store.deployment.keys(PURPOSE) if key.alg == "ES256" and key.activated_at)
    leaving.store.deployment.change_key(kid, "retired", int(leaving.now))
    leaving.now += 20_000
    assert went_to(leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT), LEFT)
    assert not leaving.alive()


def test_a_hint_of_a_session_that_is_over_only_leads_back(leaving: Leaving, hint: str) -> None:
    for _ in range(2):
        assert went_to(leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT), LEFT)
    assert len(leaving.events("session.ended")) == 1


def test_a_hint_ends_its_session_and_no_other_of_the_browser(leaving: Leaving, hint: str) -> None:
    """WB-21: the cookie goes with the last session."""
    leaving.open("fabrikam", "sid-2")
    first = leaving.leave(id_token_hint=hint)
    assert "Set-Cookie" not in first.headers
    assert (leaving.alive(), leaving.alive("sid-2", "fabrikam")) == (False, True)
    last = leaving.confirm(leaving.leave())
    assert last.headers["Set-Cookie"].startswith("__Host-session=;")
    assert "Max-Age=0" in last.headers["Set-Cookie"]


@pytest.mark.parametrize("client", [APP, QUIET], ids=["tenant in the token", "no tenant in the token"])
def test_a_hint_ends_its_session_in_a_browser_that_lost_its_cookie(leaving: Leaving, client) -> None:
    hint = leaving.tokens_of(client)["id_token"]
    assert ("tenant" in claims(hint)) is client.tenant_claims
    assert is_over(leaving.leave(id_token_hint=hint))
    assert not leaving.alive()


def test_a_hint_ends_the_session_of_its_own_person_only(leaving: Leaving) -> None:
    hint = leaving.tokens_of(APP)["id_token"]
    leaving.open("contoso", "sid-1")  # of sub-sid-1, not of sub-1
    assert is_over(leaving.leave(id_token_hint=hint))
    assert leaving.alive()


def test_the_hints_client_and_client_id_are_the_same(leaving: Leaving, hint: str) -> None:
    """TK-55: another client's token."""
    response = leaving.leave(id_token_hint=hint, client_id="spa", post_logout_redirect_uri=LEFT)
    refused(leaving, response, "id_token_hint_client")


def test_an_unknown_client_is_shown(leaving: Leaving, hint: str) -> None:
    refused(leaving, leaving.leave(client_id="nobody"), "client_id")


def test_a_repeated_parameter_is_shown(leaving: Leaving, hint: str) -> None:
    query = urlencode([("id_token_hint", hint), ("post_logout_redirect_uri", LEFT), ("post_logout_redirect_uri", LEFT)])
    refused(leaving, leaving.http.get(f"/logout?{query}"), "repeated")


@pytest.mark.parametrize("confirm", ["", "x", "é", "AAAA"])
def test_a_confirmation_that_we_did_not_ask_for_asks_again(leaving: Leaving, hint: str, confirm: str) -> None:
    """WB-01"""
    assert asks(leaving.http.post("/logout", data={"confirm": confirm}))
    assert leaving.alive()


def test_a_confirmation_holds_in_the_browser_that_was_asked(leaving: Leaving, hint: str) -> None:
    """WB-01: another session's."""
    page = leaving.leave()
    leaving.open("contoso", "sid-2", "another browser")
    leaving.carry_cookie("another browser")
    assert asks(leaving.confirm(page))
    assert leaving.alive("sid-2")


def test_a_guessed_confirmation_of_another_site_does_not_take_the_cookie_away(leaving: Leaving) -> None:
    """WB-01"""
    leaving.open("contoso", "sid-1")
    response = leaving.http.post("/logout", data={"confirm": "x"})
    assert "Set-Cookie" not in response.headers
    assert leaving.alive()


def test_a_confirmation_in_the_address_is_none(leaving: Leaving, hint: str) -> None:
    """TK-56: an image tag cannot press the button."""
    confirm = leaving.leave().text.split('name="confirm" value="')[1].split('"')[0]
    assert asks(leaving.leave(confirm=confirm))
    assert leaving.alive()


@pytest.mark.parametrize("form", [{}, {"state": "s"}, {"client_id": "web", "post_logout_redirect_uri": LEFT}])
def test_a_form_of_another_site_is_asked_about_where_the_cookie_is_seen(leaving: Leaving, form: dict[str, str]) -> None:
    """WB-01: its POST carries no Lax cookie; it must neither end the session nor take the cookie away."""
    leaving.open("contoso", "sid-1")
    response = leaving.http.post("/logout", data=form)
    assert went_to(response, f"/logout?{urlencode(form)}".rstrip("?"))
    assert "Set-Cookie" not in response.headers
    leaving.carry_cookie()
    assert asks(leaving.http.get(response.headers["Location"]))


def test_what_only_an_upstream_logout_would_need_changes_nothing(leaving: Leaving, hint: str) -> None:
    """TK-57"""
    assert is_over(leaving.leave(id_token_hint=hint, skip_idp="true", sid="sid-9", tenant="fabrikam"))
    assert not leaving.alive()


def test_who_cancels_stays_signed_in_and_is_sent_nowhere(leaving: Leaving, hint: str) -> None:
    """Whatever address the request named: nobody proved it."""
    page = leaving.leave(client_id="web", post_logout_redirect_uri=LEFT, state="s")
    assert asks(page)
    assert 'href="/logout/stay"' in page.text
    stayed = leaving.http.get("/logout/stay?post_logout_redirect_uri=https://evil.example/")
    assert (stayed.status_code, "Location" in stayed.headers, "evil" in stayed.text) == (200, False, False)
    assert "<h1>Nothing was changed</h1>" in stayed.text
    assert "form-action 'none'" in stayed.headers["Content-Security-Policy"]
    assert not stayed.headers.getlist("Set-Cookie")
    assert leaving.alive()
    assert leaving.events("session.ended") == []


def test_where_nobody_is_signed_in_there_is_nothing_to_ask(leaving: Leaving) -> None:
    assert is_over(leaving.leave())
    assert leaving.events("session.ended") == []


def test_the_label_in_the_address_is_that_of_a_tenant_of_this_client(leaving: Leaving, hint: str) -> None:
    """Contract section 2, Redirect URIs."""
    home = "https://contoso.app.example.com/left"
    refused(
        leaving,
        leaving.leave(id_token_hint=hint, post_logout_redirect_uri="https://nobody.app.example.com/left"),
        "post_logout_redirect_uri",
    )
    leaving.live = clients(replace(APP, tenants=("fabrikam",)))
    refused(leaving, leaving.leave(id_token_hint=hint, post_logout_redirect_uri=home), "post_logout_redirect_uri")
    suspended = replace(leaving.live.tenants["contoso"], active=False)
    leaving.live = replace(clients(APP), tenants={"contoso": suspended})
    refused(leaving, leaving.leave(id_token_hint=hint, post_logout_redirect_uri=home), "post_logout_redirect_uri")
    leaving.live = clients(APP)
    assert went_to(leaving.leave(id_token_hint=hint, post_logout_redirect_uri=home), home)


def test_logout_leaves_no_refresh_token_but_the_offline_one(leaving: Leaving) -> None:
    """TK-59, TK-24"""
    online = leaving.tokens_of(APP)
    offline = leaving.tokens_of(APP, scope=("openid", "offline_access"))
    assert is_over(leaving.leave(id_token_hint=online["id_token"]))
    leaving.refused(leaving.refresh(online["refresh_token"]), 400, "invalid_grant", "grant_revoked")
    leaving.refused(leaving.userinfo(online["access_token"]), 401, "invalid_token", "grant_revoked")
    assert leaving.refresh(offline["refresh_token"]).status_code == 200


def test_discovery_endpoint_verification(leaving: Leaving) -> None:
    document = leaving.http.get("/.well-known/openid-configuration").json or {}
    assert document["end_session_endpoint"] == f"{ISSUER}/logout"
    for channel in ("backchannel", "frontchannel"):
        assert document[f"{channel}_logout_supported"] is document[f"{channel}_logout_session_supported"] is True
