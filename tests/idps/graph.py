"""Microsoft's login and Graph in one small server (synthetic): client credentials, and groups page by page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

TID = "11111111-2222-3333-4444-555555555555"
OID = "99999999-8888-7777-6666-555555555555"


def group(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


@dataclass
class Microsoft:
    """Both hosts in one. `page`: groups on each page."""

    groups: list[str] = field(default_factory=lambda: [group(number) for number in range(2500)])
    page: int = 999
    token: tuple[int, Mapping[str, Any]] = (200, {"access_token": "graph-token", "expires_in": 3600})
    next_link: str | None = None
    answer: Any = None
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.seen.append((request.path, {**request.form, "authorization": request.headers.get("Authorization", "")}))
        body: Any
        status = 200
        if request.path.endswith("/token"):
            status, body = self.token
        elif self.answer is not None:
            body = self.answer
        else:
            start = int(request.args.get("$skiptoken", 0))
            following = start + self.page
            body = {"value": [{"id": one} for one in self.groups[start:following]]}
            if following < len(self.groups):
                body["@odata.nextLink"] = self.next_link or f"{self.origin}{request.path}?$skiptoken={following}"
        return Response(json.dumps(body), status, content_type="application/json")(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing: tests read `seen`."""


@contextmanager
def serving() -> Iterator[Microsoft]:
    made = Microsoft()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()
