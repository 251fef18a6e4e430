"""The tenants of the soak, what is the matter with each, and the installation that serves them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.flows.broker_process import Installation
from tests.flows.upstreams import CALLBACK, RULES, SECRET, served
from tests.soak.upstreams import Oidc, Saml, oidc_garbage, saml_garbage

APP, SECOND = "app", "second"  # clients; the second wants RS256
GROUPS = [f"group-{number:05}" for number in range(10_000)]


@dataclass(frozen=True)
class Tenant:
    """visitors sign in one after the other, each every so many seconds. before: called before each sign-in."""

    id: str
    about: str
    whole: bool  # False: nobody can sign in there, and everybody must learn so honestly
    visitors: int
    every: float
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class World:
    made: Installation
    tenants: tuple[Tenant, ...]
    saml_rolling: tuple[Saml, Saml]
    oidc_rolling: Oidc
    forgetful: Saml  # whose metadata turns to garbage


@contextmanager
def world(folder: Path, database: str, environ: dict[str, str], logout_origin: str) -> Iterator[World]:
    made = Installation(folder, database=database, environ=environ, workers=2)
    for client, alg in ((APP, "ES256"), (SECOND, "RS256")):
        told = {"backchannel_logout_uri": f"{logout_origin}/{client}", "id_token_signed_response_alg": alg}
        made.client(client, CALLBACK.format(client), SECRET, **told)
    rolling, staggered = Saml("fabrikam"), Saml("tailspin")
    northwind, crowded = Saml("northwind"), Saml("lucerne", groups=GROUPS)
    with ExitStack() as stack:
        for saml in (rolling, staggered, northwind, crowded, Saml("wingtip", spoil=saml_garbage())):
            place = stack.enter_context(served())
            place.behind, saml.origin = saml, place.origin
            _tenant(made, saml.tenant, _saml_row(saml.origin))
        contoso, adatum, garbled, stalled = (
            stack.enter_context(Oidc(name)) for name in ("contoso", "adatum", "proseware", "woodgrove")
        )
        silent = stack.enter_context(_silent())
        stalled.switches.metadata["token_endpoint"] = f"{silent}/token"
        for op in (contoso, adatum, garbled, stalled):
            _tenant(made, op.tenant, _oidc_row(made, op.issuer, op.client_secret))
        _tenant(made, "litware", _oidc_row(made, f"{silent}/op", contoso.client_secret))
        tenants = (
            Tenant("contoso", "OIDC, healthy", True, 1, 1.0),
            Tenant("northwind", "SAML, metadata turns to garbage", True, 1, 1.0),
            Tenant("fabrikam", "SAML, keys roll", True, 1, 1.0),
            Tenant("tailspin", "SAML, keys roll, later", True, 1, 1.5),
            Tenant("adatum", "OIDC, keys roll", True, 1, 1.0),
            Tenant("lucerne", "SAML, 10,000 groups", True, 1, 4.0),
            Tenant("wingtip", "SAML, answers garbage", False, 2, 1.0),
            Tenant("proseware", "OIDC, answers garbage", False, 1, 2.0, oidc_garbage(garbled)),
            Tenant("litware", "OIDC, never answers", False, 4, 3.0),
            Tenant("woodgrove", "OIDC, token endpoint hangs", False, 4, 3.0),
        )
        yield World(made, tenants, (rolling, staggered), adatum, northwind)


def _tenant(made: Installation, tenant: str, idp: dict[str, object]) -> None:
    made.tenant(tenant, [idp], [f"{tenant}.example"], roles=["viewer"], claims=RULES)


def _saml_row(origin: str) -> dict[str, object]:
    source = {"url": f"{origin}/metadata"}
    return {"id": "idp", "name": "IdP", "protocol": "saml", "vendor": "generic", "metadata": source}


def _oidc_row(made: Installation, issuer: str, secret: str) -> dict[str, object]:
    made.write("secrets/upstream", secret)
    row: dict[str, object] = {"id": "op", "name": "OP", "protocol": "oidc", "vendor": "generic", "issuer": issuer}
    return row | {"client_id": "broker-at-op", "client_secret": {"file": "../secrets/upstream"}}


@contextmanager
def _silent() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
