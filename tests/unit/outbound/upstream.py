"""A server on a bare socket, and a client to speak to it, both closed by the test's ExitStack."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from broker.errors import UpstreamUnavailable
from broker.outbound import Outbound, Response

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: Application/JSON; charset=utf-8\r\n\r\n{}"
Play = Callable[[socket.socket], None]


class Upstream:
    """A server that reads one request after the other and lets `play` answer on the bare socket."""

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._play, self._tls = play, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, path: str = "/x", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(accepted,), daemon=True).start()

    def _converse(self, accepted: socket.socket) -> None:
        with accepted, suppress(OSError):
            spoken = accepted if self._tls is None else self._tls.wrap_socket(accepted, server_side=True)
            with spoken:
                while request := _one_request(spoken):
                    self.requests.append(request)
                    self._play(spoken)


def _one_request(spoken: socket.socket) -> bytes:
    received = spoken.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    while len(body) < length:
        piece = spoken.recv(65_536)
        received, body = received + piece, body + piece
    return received


def serve(stage: ExitStack, play: Play | bytes, tls: ssl.SSLContext | None = None) -> Upstream:
    upstream = Upstream(play if callable(play) else lambda spoken: spoken.sendall(play), tls)
    stage.callback(upstream.close)
    return upstream


def client(stage: ExitStack, **options: object) -> Outbound:
    outbound = Outbound(**{"loopback": True, **options})  # type: ignore[arg-type]  # options of Outbound itself
    stage.callback(outbound.close)
    return outbound


def reason(send: Callable[[], Response | None]) -> str:
    with pytest.raises(UpstreamUnavailable) as refused:
        send()
    return refused.value.reason
