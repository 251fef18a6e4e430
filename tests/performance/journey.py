"""One sign-in in three phases, each callable by itself, so that each can be measured by itself."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

CALLBACK = "http://127.0.0.1:9/callback"
CLIENT_ID = "bench"
CLIENT_SECRET = "benchmark-client-secret-of-32-characters"
BASIC = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()

_local = threading.local()


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    location: str
    cookies: tuple[str, ...]
    body: bytes


def exchange(
    method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request on a connection that this thread keeps."""
    parts = urlsplit(url)
    connections: dict[str, http.client.HTTPConnection] = _local.__dict__.setdefault("connections", {})
    if parts.netloc not in connections:
        connections[parts.netloc] = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    sent = dict(headers or {})
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = connections[parts.netloc]
    connection.request(method, target, urlencode(form) if form is not None else None, sent)
    answer = connection.getresponse()
    cookies = tuple(line.split(";", 1)[0] for line in answer.msg.get_all("Set-Cookie", []))
    return Reply(answer.status, answer.getheader("Location", ""), cookies, answer.read())


class Fields(HTMLParser):
    """The hidden fields of a page, and its form's address."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = values.get("action", "")
        elif tag == "input" and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")


@dataclass
class Journey:
    issuer: str
    tenant: str
    email: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    jar: dict[str, str] = field(default_factory=dict)
    at_idp: str = ""
    answer: tuple[str, str, dict[str, str]] = ("", "", {})
    code: str = ""

    def authorize(self) -> None:
        """Broker: GET /authorize, answered by a redirect to the identity provider."""
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "tenant": self.tenant}
        asked |= {"scope": "openid profile email", "state": "s", "nonce": secrets.token_urlsafe(12)}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        reply = self._broker("GET", f"{self.issuer}/authorize?{urlencode(asked)}")
        assert reply.status in {302, 303}, reply
        self.at_idp = reply.location

    def sign_in(self) -> None:
        """The identity provider, not measured: press the person's button, keep the answer."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.at_idp).query).items()}
        reply = exchange("POST", self.at_idp.split("?")[0], asked | {"email": self.email})
        if reply.location:
            self.answer = ("GET", reply.location, {})
        else:
            page = Fields(reply.body)
            self.answer = ("POST", page.action, page.fields)

    def callback(self) -> None:
        """Broker: the answer, and what follows it on the broker, up to the redirect to the app."""
        method, url, fields = self.answer
        reply = self._broker(method, url, fields if method == "POST" else None)
        while reply.status in {302, 303} and reply.location.startswith((self.issuer, "/")):
            where = reply.location if reply.location.startswith("http") else self.issuer + reply.location
            reply = self._broker("GET", where)
        found = parse_qs(urlsplit(reply.location).query)
        assert reply.location.startswith(CALLBACK), reply
        assert "code" in found, reply.location
        self.code = found["code"][0]

    def token(self) -> None:
        """Broker: POST /token."""
        form = {"grant_type": "authorization_code", "code": self.code, "redirect_uri": CALLBACK}
        reply = exchange(
            "POST", f"{self.issuer}/token", form | {"code_verifier": self.verifier}, {"Authorization": BASIC}
        )
        assert reply.status == 200, reply
        assert {"access_token", "id_token"} <= json.loads(reply.body).keys()

    def _broker(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Reply:
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())} if self.jar else {}
        reply = exchange(method, url, form, cookies)
        self.jar.update((name, value) for name, _, value in (line.partition("=") for line in reply.cookies))
        return reply
