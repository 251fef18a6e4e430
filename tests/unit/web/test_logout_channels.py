"""Who learns that a session is over: Back-Channel Logout 1.0 and Front-Channel Logout 1.0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import pytest

from broker import jose
from broker.errors import StoreError, UpstreamUnavailable
from broker.model import Session, Signing
from broker.store import Transaction
from tests.unit.grants.house import ISSUER, PLAIN, claims, header
from tests.unit.outbound import upstream
from tests.unit.web.leaving import APP, BACK, FRAMED, FRONT, LEFT, QUIET, Leaving, clients, frames, is_over

EVENT = "http://schemas.openid.net/event/backchannel-logout"
FRAME = f"{FRONT}?app=1&iss=https%3A%2F%2Flogin.example.com&sid=sid-1"


def sign_out(leaving: Leaving, *seen_by: Any, **parameters: str) -> Any:
    """A browser whose session these clients have seen, and the first one signs out."""
    tokens = [leaving.tokens_of(client) for client in seen_by]
    response = leaving.leave(id_token_hint=tokens[0]["id_token"], **parameters)
    leaving.deliveries.work()
    return response


def test_backchannel_rp_initiated_logout(leaving: Leaving) -> None:
    """Back-Channel Logout §2.4, §2.5."""
    sign_out(leaving, APP)
    ((url, form),) = leaving.receivers.posts
    assert (url, set(form)) == (BACK, {"logout_token"})
    token = form["logout_token"]
    keys = jose.parse_jwks(leaving.http.get("/jwks").data)
    said = jose.verify(token, keys, ["ES256"], types=("logout+jwt",))
    jti = said.pop("jti")
    assert isinstance(jti, str)
    assert len(jti) >= 16
    assert said == {
        "iss": ISSUER,
        "sub": "sub-1",
        "aud": "web",
        "iat": int(leaving.now),
        "exp": int(leaving.now) + 120,
        "events": {EVENT: {}},
        "sid": "sid-1",
    }


def test_a_logout_token_is_signed_as_the_clients_id_tokens_are(leaving: Leaving) -> None:
    sign_out(leaving, QUIET, APP)
    assert {claims(token)["aud"]: header(token)["alg"] for token in leaving.receivers.tokens} == {
        "plain": PLAIN.id_token_alg,
        "web": Signing().default,
    }


def test_sid_and_sub_are_those_of_the_id_token(leaving: Leaving) -> None:
    id_token = claims(leaving.tokens_of(APP)["id_token"])
    sign_out(leaving, APP)
    (logout_token,) = map(claims, leaving.receivers.tokens)
    assert {name: logout_token[name] for name in ("iss", "sub", "aud", "sid")} == {
        name: id_token[name] for name in ("iss", "sub", "aud", "sid")
    }


def test_every_client_of_the_session_is_told_and_no_other(leaving: Leaving) -> None:
    response = sign_out(leaving, APP, FRAMED)
    assert [url for url, _ in leaving.receivers.posts] == [BACK]  # plain never redeemed a code
    assert frames(response) == [FRAME]


def test_a_client_that_was_removed_is_not_told(leaving: Leaving) -> None:
    hint = leaving.tokens_of(APP)["id_token"]
    leaving.tokens_of(QUIET)
    leaving.live = clients(APP)
    leaving.leave(id_token_hint=hint)
    leaving.deliveries.work()
    assert [url for url, _ in leaving.receivers.posts] == [BACK]


def test_another_tenants_session_of_the_same_sid_stays_and_hears_nothing(leaving: Leaving) -> None:
    """TN-42"""
    leaving.open("fabrikam", "sid-1", "browser", QUIET)
    response = sign_out(leaving, APP)
    assert is_over(response)
    assert leaving.alive("sid-1", "fabrikam")
    assert [(claims(token)["aud"], claims(token)["sub"]) for token in leaving.receivers.tokens] == [("web", "sub-1")]
    assert {event.tenant for event in leaving.events("session.ended")} == {"contoso"}


def test_confirming_ends_every_session_of_the_browser_and_tells_the_clients_of_each(leaving: Leaving) -> None:
    leaving.open("contoso", "sid-1", "browser", APP)
    leaving.open("fabrikam", "sid-2", "browser", APP, QUIET)
    leaving.open("fabrikam", "sid-3", "another browser", APP)
    leaving.carry_cookie()
    leaving.confirm(leaving.leave())
    leaving.deliveries.work()
    told = {(claims(token)["aud"], claims(token)["sid"]) for token in leaving.receivers.tokens}
    assert told == {("web", "sid-1"), ("web", "sid-2"), ("plain", "sid-2")}
    assert leaving.alive("sid-3", "fabrikam")


def test_a_session_that_ends_twice_is_told_once(leaving: Leaving) -> None:
    session = leaving.open("contoso", "sid-1", "browser", APP)
    for _ in range(2):
        leaving.signout.end(leaving.live, [session])
    leaving.deliveries.work()
    assert len(leaving.receivers.posts) == len(leaving.events("session.ended")) == 1


def test_what_is_not_committed_is_not_told(leaving: Leaving, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [leaving.open("contoso", sid, "browser", APP) for sid in ("sid-1", "sid-2")]
    end = leaving.signout._sessions.end

    def fail_at_the_second(transaction: Transaction, session: Session) -> None:
        if session.sid == "sid-2":
            raise StoreError("unreachable")
        end(transaction, session)

    monkeypatch.setattr(leaving.signout._sessions, "end", fail_at_the_second)
    with pytest.raises(StoreError):
        leaving.signout.end(leaving.live, sessions)
    leaving.deliveries.work()
    assert leaving.receivers.posts == []
    assert (leaving.alive("sid-1"), leaving.alive("sid-2")) == (True, True)
    assert leaving.events("session.ended") == []


def test_delivery_is_audited_with_the_reference_of_the_sign_out(leaving: Leaving) -> None:
    sign_out(leaving, APP)
    (ended,), (delivered,) = leaving.events("session.ended"), leaving.events("logout.delivered")
    assert delivered.reference == ended.reference
    assert (delivered.tenant, delivered.client_id, delivered.sid) == ("contoso", "web", "sid-1")


def test_a_slow_or_broken_client_changes_nothing_for_the_person(leaving: Leaving) -> None:
    """TK-58: the answer stands before the first attempt."""
    hint = leaving.tokens_of(APP)["id_token"]
    leaving.receivers.answers[BACK] = [UpstreamUnavailable("timeout")]
    response = leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT)
    assert response.status_code == 303
    assert leaving.receivers.posts == []


def test_frontchannel_rp_initiated_logout(leaving: Leaving) -> None:
    """Front-Channel Logout §2: iss and sid join the registered query; the page may frame that origin and no other."""
    leaving.carry_cookie()
    response = sign_out(leaving, FRAMED, post_logout_redirect_uri="https://spa.example.com/", state="a&b")
    assert is_over(response)
    assert frames(response) == [FRAME]
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "frame-src https://app.example.com" in policy
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy)
    onwards = "https://spa.example.com/?state=a%26b"
    text = unescape(response.text)
    assert f'<meta http-equiv="refresh" content="3; url={onwards}">' in text
    assert f'<a href="{onwards}">Go back now</a>' in text
    assert "Location" not in response.headers
    assert response.headers["Set-Cookie"].startswith("__Host-session=;")


def test_without_an_address_to_go_to_the_frames_stand_on_the_last_page(leaving: Leaving) -> None:
    response = sign_out(leaving, FRAMED)
    assert frames(response) == [FRAME]
    assert "http-equiv" not in response.text


def test_without_a_front_channel_no_frame_is_allowed(leaving: Leaving) -> None:
    response = sign_out(leaving, APP)
    assert frames(response) == []
    assert "frame-src" not in response.headers["Content-Security-Policy"]


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_a_receiver_on_loopback_gets_the_token(leaving: Leaving, stage: ExitStack) -> None:
    """The whole way, through our outgoing door. A redirect is not followed but tried again, with a fresh token."""
    answers = iter([b"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n", upstream.OK])
    receiver = upstream.serve(stage, lambda spoken: spoken.sendall(next(answers)))
    leaving.outbound = upstream.client(stage)
    client = replace(APP, backchannel_logout_uri=receiver.url("/backchannel-logout?x=1"))
    leaving.live = clients(client)
    leaving.leave(id_token_hint=leaving.tokens_of(client)["id_token"])
    assert leaving.deliveries.work() == 1
    leaving.now += 1
    assert leaving.deliveries.work() is None
    assert all(request.startswith(b"POST /backchannel-logout?x=1 HTTP/1.1\r\n") for request in receiver.requests)
    bodies = [parse_qs(request.partition(b"\r\n\r\n")[2].decode()) for request in receiver.requests]
    first, second = (claims(body["logout_token"][0]) for body in bodies)
    assert first["sid"] == second["sid"] == "sid-1"
    assert first["jti"] != second["jti"]
    assert [event.detail for event in leaving.events("logout.delivered")] == [{"attempts": "2"}]


def test_a_receiver_at_an_inner_address_is_never_called(leaving: Leaving, stage: ExitStack) -> None:
    """TK-58"""
    receiver = upstream.serve(stage, upstream.OK)
    leaving.outbound = upstream.client(stage, loopback=False)
    client = replace(APP, backchannel_logout_uri=receiver.url())
    leaving.live = clients(client)
    leaving.leave(id_token_hint=leaving.tokens_of(client)["id_token"])
    assert leaving.deliveries.work() is None
    (event,) = leaving.events("logout.undelivered")
    assert (event.reason, event.detail) == ("egress_blocked", {"attempts": "1"})
    assert receiver.connections == 0
