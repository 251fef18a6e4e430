"""A browser for the tests: redirects, cookies as browsers keep them (by host, not by port), forms; no JavaScript."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from http.cookies import Morsel, SimpleCookie
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

HOPS = 40
SECONDS = 30


@dataclass(frozen=True)
class Page:
    """What the browser stands on. `status` 0: a stop address, which was reached but not dialled."""

    url: str
    status: int
    headers: Mapping[str, str]
    set_cookies: tuple[str, ...]
    text: str
    posted: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address (or of the form that was posted to it)."""
        found = {name: values[0] for name, values in parse_qs(urlsplit(self.url).query, keep_blank_values=True).items()}
        return found | dict(self.posted)

    @property
    def forms(self) -> list[Form]:
        reader = _Reader()
        reader.feed(self.text)
        return reader.forms


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    visible: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif not self.forms or not name:
            return
        elif tag == "button" or (tag == "input" and values.get("type") == "submit"):
            self.forms[-1].buttons.append((name, values.get("value", "")))
        elif tag == "input":
            self.forms[-1].fields[name] = values.get("value", "")
            if values.get("type", "text") != "hidden":
                self.forms[-1].visible.add(name)


@dataclass
class Cookie:
    value: str
    path: str
    secure: bool
    expires: float | None


@dataclass
class Browser:
    """`open` follows redirects and submits forms until nothing can be filled or a stop address is reached.

    fill: field -> text; a form is submitted when every visible field of it is known, or when it has none and is a
    POST (the pages that submit themselves, consent). stop: prefixes of addresses that are the end of the journey.
    hosts: host name -> address to dial, for tests with several domains.
    """

    fill: dict[str, str] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    hosts: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    jar: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)
    trail: list[Page] = field(default_factory=list)

    def open(self, url: str, form: Mapping[str, str] | None = None) -> Page:
        page = self.send("GET" if form is None else "POST", url, form)
        for _ in range(HOPS):
            following = self._next(page)
            if following is None:
                return page
            page = following
        raise AssertionError(
            "the journey goes in circles: " + " -> ".join(each.url.split("?")[0] for each in self.trail[-6:])
        )

    def submit(self, page: Page, form: Form, extra: Mapping[str, str] | None = None) -> Page:
        """One form of a page, as a person would."""
        data = form.fields | {name: text for name, text in self.fill.items() if name in form.fields} | dict(extra or {})
        action = urljoin(page.url, form.action) if form.action else page.url
        if form.method == "post":
            return self.send("POST", action, data)
        return self.send("GET", f"{action.split('?')[0]}?{urlencode(data)}")

    def send(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        """One request; nothing is followed."""
        if url.startswith(self.stop) and self.stop:
            page = Page(url, 0, {}, (), "", dict(form or {}))
        else:
            page = self._exchange(method, url, form, headers or {})
        self.trail.append(page)
        return page

    def cookies(self, url: str) -> dict[str, str]:
        """Those the browser would send there; expired ones are forgotten."""
        parts = urlsplit(url)
        now = time.time()
        self.jar = {key: kept for key, kept in self.jar.items() if kept.expires is None or kept.expires > now}
        return {
            name: kept.value
            for (host, path, name), kept in self.jar.items()
            if host == parts.hostname
            and _inside(parts.path or "/", path)
            and (parts.scheme == "https" or not kept.secure)
        }

    def _next(self, page: Page) -> Page | None:
        location = page.headers.get("location")
        if location and 300 <= page.status < 400:
            return self.send("GET", urljoin(page.url, location))
        form = next((form for form in page.forms if self._fillable(form)), None)
        return None if form is None else self.submit(page, form)

    def _fillable(self, form: Form) -> bool:
        return form.visible <= self.fill.keys() if form.visible else form.method == "post" and bool(form.fields)

    def _exchange(self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Page:
        parts = urlsplit(url)
        sent = {"Accept": "text/html, */*"} | dict(headers) | {"Host": parts.netloc}
        if cookies := self.cookies(url):
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self._connect(parts.scheme, parts.hostname or "", parts.port)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, None if form is None else urlencode(form), sent)
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
            set_cookies = tuple(answer.msg.get_all("Set-Cookie", []))
            self._remember(url, set_cookies)
            return Page(
                url, answer.status, {name.lower(): value for name, value in answer.getheaders()}, set_cookies, body
            )
        finally:
            connection.close()

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        dialled = self.hosts.get(host, host)
        if scheme == "http":
            return http.client.HTTPConnection(dialled, port, timeout=SECONDS)
        return _NamedTls(host, dialled, port, self.tls or ssl.create_default_context())

    def _remember(self, url: str, lines: tuple[str, ...]) -> None:
        parts = urlsplit(url)
        default = (parts.path.rsplit("/", 1)[0] or "/") if parts.path.startswith("/") else "/"
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                path = morsel["path"] or default
                self.jar[parts.hostname or "", path, name] = Cookie(
                    morsel.value, path, bool(morsel["secure"]), _expiry(morsel)
                )


class _NamedTls(http.client.HTTPSConnection):
    """Dials one address and asks TLS for another name."""

    def __init__(self, name: str, dialled: str, port: int | None, context: ssl.SSLContext) -> None:
        super().__init__(dialled, port, timeout=SECONDS, context=context)
        self._name = name
        self._tls = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def _expiry(morsel: Morsel[str]) -> float | None:
    if morsel["max-age"]:
        return time.time() + int(morsel["max-age"])
    if morsel["expires"]:
        return parsedate_to_datetime(morsel["expires"]).timestamp()
    return None


def _inside(path: str, cookie_path: str) -> bool:
    """RFC 6265 §5.1.4."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")
