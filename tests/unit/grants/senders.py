"""Clients that prove themselves by keys and certificates, and what they send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug.test import TestResponse

from broker.clients import read_certificate
from broker.model import ApplicationAuth, CertificateName, Terms, Workload
from tests.unit.clients.certificates import made, nginx
from tests.unit.clients.signing import JWT_BEARER, assertion, jwks, key
from tests.unit.grants.house import CALLBACK, SPA, VERIFIER, WEB, House, configuration

GITHUB = "https://token.actions.githubusercontent.com"
SIGNER = replace(WEB, client_id="signer", auth=ApplicationAuth("private_key_jwt", jwks=jwks(key("client"))))
BOUND = replace(SIGNER, client_id="bound", dpop="required", profile="fapi2")
NONCE = replace(SIGNER, client_id="nonce", dpop="nonce")
NEVER = replace(SIGNER, client_id="never", dpop="never")
MTLS = replace(
    WEB,
    client_id="mtls",
    auth=ApplicationAuth("tls_client_auth", certificate=CertificateName("subject_dn", "CN=app")),
    mtls_bound=True,
)
FARM = Workload("farm", GITHUB, shared=True, subject="s", jwks=jwks(key("gh")))
CI = replace(WEB, client_id="ci", auth=ApplicationAuth("workload", workloads=(FARM,)))
CERTIFICATE = made("CN=app", "tls")
SEEN = {"X-SSL-Client-Cert": nginx(CERTIFICATE), "X-SSL-Client-Verify": "SUCCESS"}
THUMBPRINT = read_certificate(SEEN["X-SSL-Client-Cert"], verified=True).thumbprint


def register(house: House) -> None:
    house.live = configuration(WEB, SPA, SIGNER, BOUND, NONCE, NEVER, MTLS, CI)


def asserted(client_id: str, **more: Any) -> dict[str, Any]:
    return {"client_assertion_type": JWT_BEARER, "client_assertion": assertion(client_id), **more}


def redeem(house: House, client: Any, dpop: str | None = None, headers: Any = None, **form: Any) -> TestResponse:
    terms = form.pop("terms", Terms())
    code = house.sign_in(client, terms=terms)
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return send(house, client, {**grant, **form}, dpop, headers)


def refresh(house: House, client: Any, token: str, dpop: str | None = None, headers: Any = None) -> TestResponse:
    return send(house, client, {"grant_type": "refresh_token", "refresh_token": token}, dpop, headers)


def send(house: House, client: Any, form: dict[str, Any], dpop: str | None, headers: Any = None) -> TestResponse:
    method = client.auth.method
    own = asserted(client.client_id) if method == "private_key_jwt" else {"client_id": client.client_id}
    sent = {**(headers or {}), **({} if dpop is None else {"DPoP": dpop})}
    return house.http.post("/token", data={**own, **form}, headers=sent)


def userinfo(house: House, token: str, scheme: str = "DPoP", headers: Any = None) -> TestResponse:
    return house.http.get("/userinfo", headers={"Authorization": f"{scheme} {token}", **(headers or {})})


def tokens(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.json
    return dict(response.json or {})
