"""Servers over TLS under names of their own: what stands behind a name, and how programs reach it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from werkzeug.middleware.http_proxy import ProxyMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.certificates import Authority

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


@dataclass
class Door:
    """A listening TLS server; what it serves may be put behind it later. A path that ends in `cut` gets 404."""

    host: str
    port: int
    behind: WSGIApplication | None = None
    cut: str | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert self.behind is not None
        lost = self.cut is not None and environ["PATH_INFO"].endswith(self.cut)
        return (nowhere if lost else self.behind)(environ, start_response)

    def proxy(self, origin: str, *folders: str) -> None:
        """Serve these top folders of `origin`, as any TLS-terminating proxy in front of an identity provider does."""
        options: dict[str, Any] = {"target": origin, "host": None, "headers": {"X-Forwarded-Proto": "https"}}
        self.behind = ProxyMiddleware(nowhere, {folder: dict(options) for folder in folders})


def nowhere(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"nowhere"]


@contextmanager
def door(authority: Authority, hosts: Sequence[str], address: str = "127.0.0.1") -> Iterator[Door]:
    """Each connection's handshake runs in its own thread, so that a slow one holds up nobody."""
    opened = Door(hosts[0], 0)
    server = make_server(address, 0, opened, threaded=True, request_handler=Quiet)
    server.ssl_context = authority.server(hosts)
    server.socket = server.ssl_context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    opened.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def own_address() -> str | None:
    """This machine's address that is not loopback, found without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


class Reach(HTTPAdapter):
    """Requests to a door by its name and the default port; the certificate is checked against the name."""

    def __init__(self, to: Door, authority: Path) -> None:
        super().__init__()
        self._door = to
        self._tls = {
            "ssl_context": ssl.create_default_context(cafile=str(authority)),
            "server_hostname": to.host,
            "assert_hostname": to.host,
        }

    def build_connection_pool_key_attributes(self, *_: Any, **__: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"scheme": "https", "host": "127.0.0.1", "port": self._door.port}, self._tls

    def add_headers(self, request: PreparedRequest, **_: Any) -> None:
        request.headers["Host"] = self._door.host
