"""One good request, and clients to change it for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from broker.errors import BrokerError, TokenRejected
from broker.model import Api, ApplicationAuth, Client, Configuration, HomeRealmSettings, Secret, Tenant
from broker.oauth2.request import PLAINLY, Came, IdTokenHint, ParsedRequest, parse
from broker.oauth2.return_address import prove_client

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CALLBACK = "https://app.example.com/callback"
WEB = Client(
    "web",
    "Web",
    (CALLBACK, "https://{tenant}.app.example.com/cb"),
    ApplicationAuth("client_secret_basic", Secret("s" * 32)),
    tenants=("contoso", "asleep"),
    claims=("department",),
    apis=("https://orders.example.com",),
)
NATIVE = Client(
    "native",
    "Native",
    ("http://127.0.0.1/cb", "http://[::1]:9/cb?x=1", "com.example.app:/cb"),
    ApplicationAuth("none"),
)
LOOSE = replace(WEB, client_id="loose", pkce_required=False, response_modes=("query",))
PUSHES = replace(WEB, client_id="pushes", require_par=True)
SIGNS = replace(WEB, client_id="signs", require_signed_request=True)
FAPI = replace(WEB, client_id="fapi", profile="fapi2", pkce_required=False)
PAIRED = replace(WEB, client_id="paired", sector="app.example.com")
NO_CODE = replace(WEB, client_id="no-code", grant_types=("refresh_token",))
NO_REFRESH = replace(WEB, client_id="no-refresh", grant_types=("authorization_code",))
TENANTS = {
    "contoso": Tenant("contoso", "Contoso", {}, home_realm=HomeRealmSettings(subdomain="con")),
    "asleep": Tenant("asleep", "Asleep", {}, active=False),
    "other": Tenant("other", "Other", {}),
}
CONFIGURATION = Configuration(
    1,
    TENANTS,
    {client.client_id: client for client in (WEB, NATIVE, LOOSE, NO_CODE, NO_REFRESH, PUSHES, SIGNS, FAPI, PAIRED)},
    {},
    {},
    {tenant.label: tenant.id for tenant in TENANTS.values()},
    (),
    {"https://orders.example.com": Api("https://orders.example.com", "Orders")},
)
GOOD = {
    "client_id": "web",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "xyz",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Told:
    """What clients were told of people."""

    def hint(self, unverified_token: str, _configuration: Configuration) -> IdTokenHint:
        if unverified_token != "good":
            raise TokenRejected("signature")
        return IdTokenHint("web", "sub-1", "sid-1")

    def subject(self, unverified_sub: str, _client: Client) -> str:
        if unverified_sub == "a stranger":
            raise TokenRejected("sub")
        return unverified_sub


def ask(changed: Mapping[str, str | tuple[str, ...] | None] | None = None, came: Came = PLAINLY) -> ParsedRequest:
    """GOOD with changes: None leaves a parameter out, a tuple repeats it."""
    wanted: dict[str, str | tuple[str, ...] | None] = {**GOOD, **(changed or {})}
    unverified = {
        name: value if isinstance(value, tuple) else (value,) for name, value in wanted.items() if value is not None
    }
    proven = prove_client(unverified, CONFIGURATION)
    return parse(
        unverified,
        proven,
        CONFIGURATION,
        reference="abcd-efgh",
        now=1000,
        hints=Told(),
        came=came,
    )


def refusal(changed: Mapping[str, str | tuple[str, ...] | None]) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        ask(changed)
    return caught.value
