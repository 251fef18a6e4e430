"""The connector alone, driven as `signin` drives it: no browser, no store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from broker.connectors.connector import Notices, SpKeys, Surroundings, Unheard
from broker.connectors.oidc import OidcConnector
from broker.model import (
    AuthRequest,
    Callback,
    Identity,
    IdentityProvider,
    OidcSettings,
    Redirect,
    Secret,
    VendorProfile,
)
from broker.outbound import Outbound
from tests.idps.oidc_op import OidcOp

CALLBACK_URL = "http://127.0.0.1:8080/t/contoso/oidc/op/callback"
PROFILE = VendorProfile("generic", {}, {}, ("sub",))


@dataclass
class Shelves:
    """`Documents` in memory."""

    kept: dict[tuple[str, str, str], tuple[bytes, int]] = field(default_factory=dict)

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        return self.kept.get((tenant, idp, kind))

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        self.kept[tenant, idp, kind] = (body, fetched_at)


@dataclass
class Clock:
    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class RelyingParty:
    """One tenant's connection to `op`; `settings` replace those of OidcSettings."""

    def __init__(
        self,
        op: OidcOp,
        outbound: Outbound,
        *,
        clock: Callable[[], float] = time.time,
        shelves: Shelves | None = None,
        tenant: str = "contoso",
        profile: VendorProfile = PROFILE,
        notices: Notices | None = None,
        **settings: object,
    ) -> None:
        self.op = op
        own = OidcSettings(op.issuer, op.client_id, Secret(op.client_secret))
        idp = IdentityProvider(
            tenant,
            "op",
            "Provider",
            "oidc",
            profile,
            oidc=replace(own, **settings),  # type: ignore[arg-type]  # its fields
        )
        self.documents = shelves or Shelves()
        self.connector = OidcConnector(
            idp,
            Surroundings(
                "http://127.0.0.1:8080",
                True,
                outbound,
                self.documents,
                clock,
                _no_sp_keys,
                notices=notices or Unheard(),
            ),
        )

    def begin(self, **asked: object) -> tuple[AuthRequest, str]:
        """The request as it is remembered, and where the browser goes."""
        request = AuthRequest("request-id", "app", "https://app.example/cb", ("openid",), 0)
        request = replace(request, **asked)  # type: ignore[arg-type]  # fields of AuthRequest
        begun = self.connector.begin(request, CALLBACK_URL)
        assert isinstance(begun.action, Redirect)
        return replace(request, memory=begun.memory), begun.action.url

    def finish(self, request: AuthRequest, location: str, method: str = "GET") -> Identity:
        query = parse_qs(urlsplit(location).query, keep_blank_values=True)
        callback = Callback(method, {name: tuple(values) for name, values in query.items()}, {})
        assert self.connector.correlate(callback) == request.id
        return self.connector.finish(request, callback, CALLBACK_URL)

    def sign_in(self, method: str = "GET", **asked: object) -> Identity:
        request, url = self.begin(**asked)
        return self.finish(request, self.op.authorize(url), method)


@contextmanager
def speaking(**options: object) -> Iterator[Outbound]:
    outbound = Outbound(**{"loopback": True, **options})  # type: ignore[arg-type]  # options of Outbound
    try:
        yield outbound
    finally:
        outbound.close()


def _no_sp_keys(idp: IdentityProvider) -> SpKeys:
    raise AssertionError("an OpenID connection needs no SAML key")
