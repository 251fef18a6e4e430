"""Outgoing requests. No redirect is followed, no proxy of the environment is used, no compressed body is opened."""

from __future__ import annotations

import copy
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import NoReturn, Self
from urllib.parse import SplitResult, urlencode, urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from broker.errors import UpstreamUnavailable
from broker.model import strict_json
from broker.outbound.address import AddressPolicy
from broker.outbound.deadline import PlainPool, TlsPool
from broker.outbound.names import Names, Resolve, system_resolve

_CHUNK = 65_536
_ALWAYS = {"Accept-Encoding": "identity", "User-Agent": "broker"}
_POOLS = 256  # hosts with kept connections

Guard = Callable[[], AbstractContextManager[None]]
Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Header names are in lower case; a repeated header's values are joined with a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> object:
        """The body as unambiguous JSON (see `strict_json`). Raises UpstreamUnavailable `json`."""
        try:
            return strict_json.parse(self.body)
        except ValueError:
            raise UpstreamUnavailable("json", detail="the answer is not unambiguous JSON") from None


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = field(default=None, repr=False)
    limit: int = 1_048_576
    seconds: float | None = None
    sink: Sink | None = None


class Outbound:
    """One per process; thread-safe. `total_seconds` bounds a whole request: look-up, connection, TLS and answer.

    The default TLS context is made here once, from the system's certificates or SSL_CERT_FILE.
    """

    def __init__(
        self,
        *,
        loopback: bool,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        resolve: Resolve = system_resolve,
        ssl_context: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        total_seconds: float = 5.0,
    ) -> None:
        self._schemes = {"https", "http"} if loopback else {"https"}
        self._names = Names(AddressPolicy(loopback, tuple(private_networks)), resolve, monotonic)
        self._monotonic = monotonic
        self._total_seconds = total_seconds
        self._tls = ssl_context or ssl.create_default_context()
        self._pools = PoolManager(_POOLS, maxsize=8, block=False)
        self._pools.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
        self._guard: Guard = nullcontext

    def behind(self, guard: Guard) -> Self:
        """The same connections, each request inside `guard()`: it may refuse, and sees how the request ended."""
        guarded = copy.copy(self)
        guarded._guard = guard
        return guarded

    def get(
        self, url: str, *, accept: str = "*/*", headers: Mapping[str, str] | None = None, limit: int = 1_048_576
    ) -> Response:
        """GET; only a 2xx is an answer. `limit`: bytes of body.

        Raises UpstreamUnavailable: egress_blocked, dns, connect, tls, timeout, status, encoding, too_large.
        """
        request = _Request("GET", url, {**(headers or {}), "Accept": accept}, limit=limit)
        return _require_success(self._answer(request))

    def stream(
        self, url: str, sink: Sink, *, accept: str = "*/*", limit: int, seconds: float | None = None
    ) -> Response:
        """GET; the body goes to `sink` piece by piece, and is empty in the answer. Raises as `get` and `sink` do.

        `seconds`: for the whole of it, where a large body may take longer than other answers.
        """
        return _require_success(self._answer(_Request("GET", url, {"Accept": accept}, None, limit, seconds, sink)))

    def post_form(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None, limit: int = 1_048_576
    ) -> Response:
        """POST a form; a 4xx is an answer too (RFC 6749 §5.2), a redirect or a 5xx is not. Raises as `get` does."""
        named = {**(headers or {}), "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._answer(_Request("POST", url, named, urlencode(form).encode("ascii"), limit))
        return answer if 400 <= answer.status < 500 else _require_success(answer)

    def post(self, url: str, body: bytes, *, media_type: str, limit: int, seconds: float) -> Response:
        """POST for an answer in JSON; only a 2xx is one. `seconds`: for the whole of it. Raises as `get` does."""
        named = {"Accept": "application/json", "Content-Type": media_type}
        return _require_success(self._answer(_Request("POST", url, named, body, limit, seconds)))

    def close(self) -> None:
        """Close the kept connections."""
        self._pools.clear()
        self._names.close()

    def _answer(self, request: _Request) -> Response:
        """The guard sees a server that fails, not one that refuses: whoever provokes refusals closes no breaker."""
        with self._guard():
            answer = self._send(request)
            return answer if answer.status < 500 else _require_success(answer)

    def _send(self, request: _Request) -> Response:
        parts = self._allowed_url(request.url)
        seconds = self._total_seconds if request.seconds is None else request.seconds
        deadline = self._monotonic() + seconds
        addresses = self._names.addresses(parts.hostname or "", seconds)
        for address in addresses[:-1]:
            try:
                return self._exchange(request, parts, address, deadline)
            except _Unreached:
                continue
        return self._exchange(request, parts, addresses[-1], deadline)

    def _allowed_url(self, url: str) -> SplitResult:
        """The URL's parts; one that two parsers could read differently is not sent anywhere."""
        try:
            parts = urlsplit(url)
            port_fits = parts.port != 0
        except ValueError:
            port_fits = False
        plain = url.isascii() and not any(letter <= " " or letter in '\\"<>^`{|}\x7f' for letter in url)
        if not (plain and port_fits and parts.hostname and parts.scheme in self._schemes and "@" not in parts.netloc):
            raise UpstreamUnavailable("egress_blocked", detail="the URL is not one that may be fetched")
        return parts

    def _exchange(self, request: _Request, parts: SplitResult, address: str, deadline: float) -> Response:
        left = deadline - self._monotonic()
        if left <= 0:
            raise UpstreamUnavailable("timeout", detail="no time was left to connect")
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            answer = self._pool(parts, address).urlopen(
                request.method,
                target,
                body=request.body,
                headers={**request.headers, **_ALWAYS, "Host": parts.netloc},
                timeout=Timeout(total=left),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            return _read(answer, request)
        except (HTTPError, OSError) as error:
            _give_up(error)

    def _pool(self, parts: SplitResult, address: str) -> HTTPConnectionPool:
        """The kept connections to this address for this name: certificates are checked against the name."""
        kept = {"ssl_context": self._tls, "server_hostname": parts.hostname} if parts.scheme == "https" else {}
        return self._pools.connection_from_host(address, parts.port, parts.scheme, pool_kwargs=kept)


class _Unreached(UpstreamUnavailable):
    """Nothing was sent yet: another address of the same host may be tried."""


def _require_success(answer: Response) -> Response:
    if not 200 <= answer.status < 300:
        raise UpstreamUnavailable("status", detail=f"status {answer.status}")
    return answer


def _read(answer: BaseHTTPResponse, request: _Request) -> Response:
    whole = False
    size, body = 0, bytearray()
    take = request.sink if request.sink is not None and 200 <= answer.status < 300 else body.extend
    try:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise UpstreamUnavailable("encoding", detail="the answer is compressed though we asked for it plain")
        while chunk := answer.read(_CHUNK, decode_content=False):
            size += len(chunk)
            if size > request.limit:
                raise UpstreamUnavailable("too_large", detail=f"more than {request.limit} bytes")
            take(chunk)
        whole = True
        return Response(answer.status, headers, bytes(body))
    finally:
        if whole:
            answer.release_conn()
        else:
            answer.close()


def _give_up(error: HTTPError | OSError) -> NoReturn:
    """One reason for each way a connection fails; the library's own text may name addresses and stays out."""
    if isinstance(error, SSLError | ssl.SSLError):
        raise UpstreamUnavailable("tls", detail="the certificate or the TLS version was not acceptable") from None
    if isinstance(error, NewConnectionError | NameResolutionError):
        raise _Unreached("connect", detail="nobody answered at the address") from None
    if isinstance(error, ConnectTimeoutError):
        raise _Unreached("timeout", detail="no connection in time") from None
    if isinstance(error, ReadTimeoutError | TimeoutError):
        raise UpstreamUnavailable("timeout", detail="no whole answer in time") from None
    raise UpstreamUnavailable("connect", detail="the connection broke") from None
