"""Outgoing requests against real sockets on the loopback interface."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network

import pytest

from broker.errors import UpstreamUnavailable
from broker.outbound import Response
from tests.unit.outbound.upstream import OK, Play, client, reason, serve


def test_get_brings_status_headers_and_body(stage: ExitStack) -> None:
    upstream = serve(stage, OK)
    answer = client(stage).get(upstream.url("/a?b=c"), accept="application/json", headers={"Authorization": "Bearer t"})
    assert (answer.status, answer.body, answer.json(), answer.media_type) == (200, b"{}", {}, "application/json")
    head = upstream.requests[0].decode().lower()
    assert head.startswith("get /a?b=c http/1.1\r\n")
    for line in (
        f"host: 127.0.0.1:{upstream.port}",
        "accept-encoding: identity",
        "authorization: bearer t",
        "accept: application/json",
    ):
        assert f"\r\n{line}\r\n" in head


def test_post_form_sends_a_form_and_takes_a_refusal_as_an_answer(stage: ExitStack) -> None:
    upstream = serve(stage, b'HTTP/1.1 400 Bad\r\nContent-Length: 13\r\n\r\n{"error":"x"}')
    answer = client(stage).post_form(upstream.url(), {"code": "a b&c"})
    assert (answer.status, answer.json()) == (400, {"error": "x"})
    assert upstream.requests[0].endswith(b"\r\n\r\ncode=a+b%26c")


def test_post_sends_a_body_as_it_is(stage: ExitStack) -> None:
    upstream = serve(stage, OK)
    answer = client(stage).post(upstream.url("/hook"), b"a.b.c", media_type="application/jwt", limit=10, seconds=2)
    assert (answer.status, answer.json()) == (200, {})
    head, _, body = upstream.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook HTTP/1.1\r\n")
    assert b"\r\ncontent-type: application/jwt\r\n" in head.lower()
    assert body == b"a.b.c"


@pytest.mark.parametrize("status", ["307 Temporary", "400 Bad", "503 Later"])
def test_only_success_answers_a_post(stage: ExitStack, status: str) -> None:
    upstream = serve(stage, f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
    assert reason(lambda: client(stage).post(upstream.url(), b"", media_type="a/b", limit=1, seconds=2)) == "status"
    assert len(upstream.requests) == 1


def test_a_post_has_its_own_time_and_size(stage: ExitStack) -> None:
    silent = serve(stage, b"")
    outbound = client(stage, total_seconds=60)
    assert reason(lambda: outbound.post(silent.url(), b"", media_type="a/b", limit=10, seconds=0.2)) == "timeout"
    upstream = serve(stage, OK)
    assert reason(lambda: outbound.post(upstream.url(), b"", media_type="a/b", limit=1, seconds=2)) == "too_large"


def test_the_connection_is_kept_for_the_next_request(stage: ExitStack) -> None:
    upstream, outbound = serve(stage, OK), client(stage)
    for _ in range(3):
        outbound.get(upstream.url())
    assert upstream.connections == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "404 No", "500 Broken"])
def test_a_redirect_is_not_followed_and_only_success_is_an_answer(stage: ExitStack, status: str) -> None:
    upstream = serve(stage, f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
    assert reason(lambda: client(stage).get(upstream.url())) == "status"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", ["302 Found", "503 Later"])
def test_a_form_is_not_sent_on_to_anywhere_else(stage: ExitStack, status: str) -> None:
    upstream = serve(stage, f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
    assert reason(lambda: client(stage).post_form(upstream.url(), {"code": "c"})) == "status"
    assert len(upstream.requests) == 1


def drip(piece: bytes) -> Play:
    """One byte at a time, each well within any per-read timeout, for ever."""

    def play(spoken: socket.socket) -> None:
        silence = threading.Event()
        while True:
            spoken.sendall(piece)
            silence.wait(0.02)

    return play


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
)
def test_an_upstream_that_drips_is_cut_off_at_the_deadline(stage: ExitStack, start: bytes) -> None:
    piece = b"1\r\nx\r\n" if b"chunked" in start else b"x"

    def play(spoken: socket.socket) -> None:
        spoken.sendall(start)
        drip(piece)(spoken)

    upstream, outbound = serve(stage, play), client(stage, total_seconds=0.3)
    began = time.monotonic()
    assert reason(lambda: outbound.get(upstream.url())) == "timeout"
    assert time.monotonic() - began < 1.0


def test_an_upstream_that_says_nothing_is_cut_off_at_the_deadline(stage: ExitStack) -> None:
    upstream = serve(stage, lambda spoken: None)
    assert reason(lambda: client(stage, total_seconds=0.2).get(upstream.url())) == "timeout"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 99999999999\r\n"])
def test_a_huge_body_is_not_read_to_its_end(stage: ExitStack, length: bytes) -> None:
    sent = 0

    def play(spoken: socket.socket) -> None:
        nonlocal sent
        spoken.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        while True:
            spoken.sendall(bytes(65_536))
            sent += 65_536

    upstream = serve(stage, play)
    assert reason(lambda: client(stage).get(upstream.url(), limit=100_000)) == "too_large"
    assert sent < 20_000_000


def test_a_compressed_body_is_refused_and_not_opened(stage: ExitStack) -> None:
    upstream = serve(stage, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")
    assert reason(lambda: client(stage).get(upstream.url())) == "encoding"


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_broken_answer_is_one_reason(stage: ExitStack, answer: bytes) -> None:
    def play(spoken: socket.socket) -> None:
        spoken.sendall(answer)
        spoken.shutdown(socket.SHUT_RDWR)

    assert reason(lambda: client(stage).get(serve(stage, play).url())) == "connect"


def test_nobody_at_the_address_is_connect(stage: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert reason(lambda: client(stage).get(f"http://127.0.0.1:{port}/")) == "connect"


@pytest.mark.parametrize("body", [b"{", b"[NaN]", b'{"a":1,"a":2}', b"\xff", b"[" * 100_000])
def test_json_has_one_meaning_or_none(body: bytes) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        Response(200, {}, body).json()
    assert refused.value.reason == "json"


@pytest.mark.parametrize(
    "url",
    ["http://idp.example/", "ftp://idp.example/", "file:///etc/passwd", "data:,x", "gopher://idp.example/",
     "//idp.example", "https://", "https://good.example@evil.example/", "https://u:p@idp.example/", "https://idp.example\\@evil.example/",
     "https://idp.example/ x", "https://idp.example/\r\nX: y", "https://idp.example:99999/", "https://idp.example:0/",
     "https://idp.example:x/", "https://[::1", "https://idp.exämple/", "javascript:alert(1)", ""],
)  # fmt: skip
def test_a_url_that_is_not_plain_https_never_leaves(stage: ExitStack, url: str) -> None:
    looked_up: list[str] = []
    outbound = client(stage, loopback=False, resolve=lambda host: looked_up.append(host) or ["8.8.8.8"])
    assert reason(lambda: outbound.get(url)) == "egress_blocked"
    assert looked_up == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1", "169.254.169.254", "[64:ff9b::7f00:1]"],
)
def test_an_inner_address_in_the_url_never_leaves(stage: ExitStack, host: str) -> None:
    assert reason(lambda: client(stage, loopback=False).get(f"https://{host}/")) == "egress_blocked"


def test_a_name_that_resolves_to_an_inner_address_never_leaves(stage: ExitStack) -> None:
    outbound = client(stage, loopback=False, resolve=lambda _: ["127.0.0.1", "10.0.0.1"])
    assert reason(lambda: outbound.get("https://idp.example/")) == "egress_blocked"


def test_the_address_that_was_judged_is_the_one_connected_to(stage: ExitStack) -> None:
    """DNS rebinding: a second look-up would give another address, so there is none."""
    answers: list[Sequence[str]] = [["127.0.0.1"], ["203.0.113.1"]]
    upstream = serve(stage, OK)
    outbound = client(stage, resolve=lambda _: answers.pop(0))
    assert outbound.get(upstream.url(host="idp.example")).status == 200
    assert len(answers) == 1
    assert f"host: idp.example:{upstream.port}\r\n".encode() in upstream.requests[0].lower()


def test_a_name_is_looked_up_again_after_half_a_minute(stage: ExitStack) -> None:
    now, looked_up = [0.0], []
    outbound = client(stage, resolve=lambda host: looked_up.append(host) or ["127.0.0.1"], monotonic=lambda: now[0])
    upstream = serve(stage, OK)
    for moment in (0.0, 29.0, 31.0):
        now[0] = moment
        outbound.get(upstream.url(host="idp.example"))
    assert len(looked_up) == 2


def test_the_next_address_is_tried_where_nobody_answers(stage: ExitStack) -> None:
    upstream = serve(stage, OK)
    outbound = client(stage, resolve=lambda _: ["127.9.9.9", "127.0.0.1"])
    assert outbound.get(upstream.url(host="idp.example")).status == 200


def test_a_name_that_does_not_exist_is_dns(stage: ExitStack) -> None:
    def resolve(host: str) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert reason(lambda: client(stage, resolve=resolve).get("https://idp.example/")) == "dns"


def test_a_resolver_that_hangs_costs_the_deadline_and_one_thread(stage: ExitStack) -> None:
    release, calls = threading.Event(), []
    stage.callback(release.set)
    outbound = client(stage, resolve=lambda host: calls.append(host) or release.wait(10) or [], total_seconds=0.1)
    for _ in range(3):
        assert reason(lambda: outbound.get("https://idp.example/")) == "timeout"
    assert len(calls) == 1


def test_a_private_network_of_the_operator_is_reached(stage: ExitStack) -> None:
    outbound = client(stage, loopback=False, private_networks=(ip_network("192.0.2.0/24"),), total_seconds=0.05)
    assert reason(lambda: outbound.get("https://192.0.2.1/")) in {"connect", "timeout"}


def test_a_large_answer_may_be_taken_piece_by_piece(stage: ExitStack) -> None:
    body = b"x" * 3_000_000
    upstream = serve(stage, b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body)
    pieces: list[bytes] = []
    client(stage).stream(upstream.url(), pieces.append, limit=len(body))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= 65_536


def test_a_streamed_answer_is_bounded_too(stage: ExitStack) -> None:
    upstream = serve(stage, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)
    pieces: list[bytes] = []
    assert reason(lambda: client(stage).stream(upstream.url(), pieces.append, limit=99)) == "too_large"
    assert pieces == []


def test_the_body_of_a_refusal_is_not_streamed(stage: ExitStack) -> None:
    upstream = serve(stage, b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope")
    pieces: list[bytes] = []
    assert reason(lambda: client(stage).stream(upstream.url(), pieces.append, limit=99)) == "status"
    assert pieces == []


def test_a_guard_stands_around_every_request(stage: ExitStack) -> None:
    upstream, outbound = serve(stage, b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"), client(stage)
    seen: list[str] = []

    @contextmanager
    def guard() -> Iterator[None]:
        try:
            yield
        except UpstreamUnavailable as failure:
            seen.append(failure.reason)
            raise

    guarded = outbound.behind(guard)
    assert reason(lambda: guarded.get(upstream.url())) == "status"
    assert reason(lambda: guarded.post_form(upstream.url(), {})) == "status"
    assert reason(lambda: guarded.stream(upstream.url(), lambda piece: None, limit=9)) == "status"
    assert reason(lambda: outbound.get(upstream.url())) == "status"
    assert seen == ["status"] * 3


@pytest.mark.parametrize("status", ["302 Found", "400 Bad", "401 Who", "404 No", "429 Slow down"])
def test_a_server_that_refuses_is_no_failure_for_the_guard(stage: ExitStack, status: str) -> None:
    """Whoever can provoke refusals must not be able to close a breaker with them."""
    upstream = serve(stage, f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    failed: list[bool] = []

    @contextmanager
    def guard() -> Iterator[None]:
        failed.append(True)
        yield
        failed[-1] = False

    guarded = client(stage).behind(guard)
    assert reason(lambda: guarded.get(upstream.url())) == "status"
    assert reason(lambda: guarded.stream(upstream.url(), lambda piece: None, limit=9)) == "status"
    if status.startswith("4"):
        assert guarded.post_form(upstream.url(), {}).status == int(status[:3])
    else:
        assert reason(lambda: guarded.post_form(upstream.url(), {})) == "status"
    assert failed == [False] * 3
