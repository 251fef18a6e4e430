"""A browser small enough for `--check`: cookies, redirects, and the one form a page holds."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

HOPS = 30
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    location: str | None
    cookies: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """Reads every form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif self.found and tag == "input" and values.get("name"):
            self.found[-1].fields[values["name"]] = values.get("value", "")
        elif self.found and tag == "button" and values.get("name"):
            self.found[-1].buttons.append((values["name"], values.get("value", "")))


def fetch(method: str, url: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request, http on loopback; nothing is followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    target = parts.path or "/"
    try:
        connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers or {}))
        response = connection.getresponse()
        cookies = tuple(response.msg.get_all("Set-Cookie", []))
        return Answer(url, response.status, response.getheader("Location"), cookies, response.read())
    finally:
        connection.close()


@dataclass(slots=True)
class Browser:
    """Follows redirects and posts forms until a page has no form that it can fill.

    fill: field name -> what the person types or presses (a button counts as a field).
    """

    fill: Mapping[str, str]
    jar: dict[tuple[str, str], str] = field(default_factory=dict)

    def open(self, url: str) -> Answer:
        answer = self._send("GET", url)
        for _ in range(HOPS):
            if answer.location is not None and 300 <= answer.status < 400:
                answer = self._send("GET", urljoin(answer.url, answer.location))
                continue
            form = self._form(answer)
            if form is None:
                return answer
            answer = self._submit(answer.url, form)
        raise RuntimeError(f"the sign-in goes in circles at {urlsplit(answer.url).path}")

    def _form(self, answer: Answer) -> Form | None:
        if answer.status != http.HTTPStatus.OK:
            return None
        page = Forms()
        page.feed(answer.body.decode("utf-8", "replace"))
        return next((form for form in page.found if self._fillable(form)), None)

    def _fillable(self, form: Form) -> bool:
        names = {*form.fields, *(name for name, _ in form.buttons)}
        return bool(names & {*self.fill, "SAMLRequest", "SAMLResponse"})

    def _submit(self, url: str, form: Form) -> Answer:
        typed = {name: text for name, text in self.fill.items() if name in form.fields or (name, text) in form.buttons}
        data = urlencode(form.fields | typed)
        action = urljoin(url, form.action or url)
        if form.method == "post":
            return self._send("POST", action, data)
        return self._send("GET", f"{action.split('?', maxsplit=1)[0]}?{data}")

    def _send(self, method: str, url: str, body: str | None = None) -> Answer:
        host = urlsplit(url).netloc
        sent = "; ".join(f"{name}={value}" for (origin, name), value in self.jar.items() if origin == host)
        headers = {"Cookie": sent} if sent else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = fetch(method, url, body, headers)
        for line in answer.cookies:
            for name, morsel in SimpleCookie(line).items():
                self.jar[host, name] = morsel.value
        return answer
