"""Notices to clients on their way: attempts, pauses, bounds, and what is said of those that never arrived."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from broker.errors import BrokerError, StoreError, UpstreamUnavailable
from broker.model import ApplicationAuth, AuditEvent, Client
from broker.outbound import Response
from broker.signout import BackChannel, Deliveries, Notice
from broker.signout.channels import frame
from broker.signout.delivery import PAUSES
from broker.tokens.pairwise import Pairwise


def notice(number: int = 1, **channels: str) -> Notice:
    client = Client(f"app-{number}", "App", (), ApplicationAuth("none"), **channels)  # type: ignore[arg-type]  # texts
    return Notice(client, "contoso", "adfs", "sub-1", f"sid-{number}", "abcd-efgh")


def no_key() -> bytes:
    raise AssertionError("these clients have public subjects")


class Post:
    """Clients that fail as told, a clock that only a test turns, and the audit events."""

    def __init__(self, *failures: BrokerError | None, **options: Any) -> None:
        self.now = 0.0
        self.failures = list(failures)
        self.sent: list[Notice] = []
        self.events: list[AuditEvent] = []
        self.told = threading.Event()
        self.deliveries = Deliveries(self.send, self.record, **{"monotonic": lambda: self.now, "threads": 0, **options})

    def send(self, notice: Notice) -> None:
        self.sent.append(notice)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)
        self.told.set()

    def outcomes(self) -> list[tuple[str, str | None, str]]:
        return [(event.event, event.reason, event.detail["attempts"]) for event in self.events]


def unreachable(reason: str = "connect") -> UpstreamUnavailable:
    return UpstreamUnavailable(reason)


def test_a_client_that_answers_is_told_once() -> None:
    post = Post()
    post.deliveries.put([notice()])
    assert post.sent == []
    assert post.deliveries.work() is None
    assert post.sent == [notice()]
    (event,) = post.events
    assert event == AuditEvent(
        "logout.delivered",
        "success",
        "abcd-efgh",
        tenant="contoso",
        client_id="app-1",
        idp="adfs",
        sub="sub-1",
        sid="sid-1",
        detail={"attempts": "1"},
    )


def test_a_client_that_does_not_answer_is_tried_again_after_growing_pauses() -> None:
    post = Post(*[unreachable("timeout") for _ in range(4)])
    post.deliveries.put([notice()])
    waited = []
    while (pause := post.deliveries.work()) is not None:
        waited.append(pause)
        assert post.deliveries.work() == pause, "nothing is tried before its time"
        post.now += pause
    assert tuple(waited) == PAUSES == tuple(sorted(PAUSES))
    assert len(post.sent) == 4
    assert post.outcomes() == [("logout.undelivered", "timeout", "4")]
    assert post.events[0].outcome == "failure"


def test_the_last_attempts_reason_is_told() -> None:
    post = Post(unreachable("dns"), StoreError("no_key"), unreachable("tls"), unreachable("status"))
    post.deliveries.put([notice()])
    while (pause := post.deliveries.work()) is not None:
        post.now += pause
    assert post.outcomes() == [("logout.undelivered", "status", "4")]


@pytest.mark.parametrize("reason", ["refused", "egress_blocked"])
def test_an_answer_that_will_not_change_is_final(reason: str) -> None:
    post = Post(unreachable(reason))
    post.deliveries.put([notice()])
    assert post.deliveries.work() is None
    assert post.outcomes() == [("logout.undelivered", reason, "1")]


def test_who_pauses_holds_up_nobody() -> None:
    post = Post(unreachable())
    post.deliveries.put([notice(1), notice(2), notice(3)])
    post.deliveries.work()
    assert [one.client.client_id for one in post.sent] == ["app-1", "app-2", "app-3"]
    assert [event.client_id for event in post.events] == ["app-2", "app-3"]


def test_what_waits_is_bounded() -> None:
    """TK-58: ten thousand clients."""
    post = Post(most=2)
    post.deliveries.put([notice(number) for number in range(5)])
    assert post.outcomes() == [("logout.undelivered", "queue_full", "0")] * 3
    post.deliveries.work()
    assert len(post.sent) == 2


def test_a_store_that_is_away_stops_no_delivery() -> None:
    post = Post()

    def lose(_event: AuditEvent) -> None:
        raise StoreError("unreachable")

    deliveries = Deliveries(post.send, lose, monotonic=lambda: 0.0, threads=0)
    deliveries.put([notice(1), notice(2)])
    deliveries.work()
    assert len(post.sent) == 2


@contextmanager
def closing(post: Post) -> Iterator[Post]:
    try:
        yield post
    finally:
        post.deliveries.close()


def test_threads_begin_with_the_first_notice_and_deliver_it() -> None:
    before = threading.active_count()
    with closing(Post(threads=2)) as post:
        assert threading.active_count() == before
        post.deliveries.put([notice()])
        assert post.told.wait(5)
        assert threading.active_count() == before + 2
    assert threading.active_count() == before
    assert post.outcomes() == [("logout.delivered", None, "1")]


def test_a_thread_wakes_up_for_a_second_attempt() -> None:
    hours = iter(range(0, 10**9, 3600))  # each look at the clock is an hour later
    with closing(Post(unreachable(), threads=1, monotonic=lambda: float(next(hours)))) as post:
        post.deliveries.put([notice()])
        assert post.told.wait(5)
    assert post.outcomes() == [("logout.delivered", None, "2")]


def test_what_still_pauses_at_the_end_of_the_process_is_undelivered() -> None:
    post = Post(unreachable())
    post.deliveries.put([notice()])
    post.deliveries.work()
    post.deliveries.close()
    assert post.outcomes() == [("logout.undelivered", "stopped", "1")]
    post.deliveries.put([notice()])
    assert post.outcomes()[1:] == [("logout.undelivered", "stopped", "0")]


class Answering:
    def __init__(self, status: int) -> None:
        self.status = status

    def post_form(self, _url: str, _form: dict[str, str], *, limit: int) -> Response:
        return Response(self.status, {}, b"{}")


class Minting:
    def mint(self, _client: Client, *, sub: str, sid: str) -> str:
        return f"token of {sub} {sid}"


@pytest.mark.parametrize("status", [200, 204])
def test_success_is_delivered(status: int) -> None:
    """Back-Channel Logout §2.8"""
    BackChannel(Answering(status), Minting()).send(notice(backchannel_logout_uri="https://app.example/out"))  # type: ignore[arg-type]  # stand-ins


@pytest.mark.parametrize(("status", "reason"), [(400, "refused"), (404, "refused"), (408, "busy"), (429, "busy")])
def test_an_answer_that_is_no_success_is_none(status: int, reason: str) -> None:
    channel = BackChannel(Answering(status), Minting())  # type: ignore[arg-type]  # stand-ins
    with pytest.raises(UpstreamUnavailable) as failed:
        channel.send(notice(backchannel_logout_uri="https://app.example/out"))
    assert failed.value.reason == reason


@pytest.mark.parametrize(
    ("registered", "loaded"),
    [
        ("https://a.example/out", "https://a.example/out?iss=https%3A%2F%2Fb.example&sid=sid-1"),
        ("https://a.example/out?x=1", "https://a.example/out?x=1&iss=https%3A%2F%2Fb.example&sid=sid-1"),
    ],
)
def test_a_frame_says_who_and_which_session(registered: str, loaded: str) -> None:
    """Front-Channel Logout §2"""
    assert frame("https://b.example", Pairwise(no_key), notice(frontchannel_logout_uri=registered)) == loaded


def test_without_a_front_channel_there_is_no_frame() -> None:
    assert frame("https://b.example", Pairwise(no_key), notice()) is None
