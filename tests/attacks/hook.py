"""A tenant's own service on loopback, which notes what it is asked and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """answer: JSON's value, or the very bytes."""

    url: str
    answer: Any = field(default_factory=lambda: {"result": "continue", "claims": {}})
    status: int = 200
    media_type: str = "application/json"
    asked: list[tuple[str, str]] = field(default_factory=list)  # media type and body

    def says(self, **claims: Any) -> None:
        self.answer = {"result": "continue", "claims": claims}


@contextmanager
def running() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hook.asked.append((self.headers["Content-Type"], body))
            answer = hook.answer if isinstance(hook.answer, bytes) else json.dumps(hook.answer).encode()
            self.send_response(hook.status)
            self.send_header("Content-Type", hook.media_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """Tests read what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(f"http://127.0.0.1:{server.server_port}/people")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
