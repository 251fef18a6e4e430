"""Over HTTP: clients that prove themselves by keys, and tokens that are good with the sender's key only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.clients import read_certificate
from broker.model import ApplicationAuth, CertificateName, Terms, Workload
from tests.unit.clients.certificates import made, nginx
from tests.unit.clients.signing import JWT_BEARER, assertion, jkt, jwks, key, proof, signed
from tests.unit.grants.house import CALLBACK, ISSUER, NOW, SPA, VERIFIER, WEB, House, claims, configuration

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


@pytest.fixture(autouse=True)
def registered(house: House) -> None:
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


# private_key_jwt


def test_a_signed_assertion_brings_tokens_once(house: House) -> None:
    """TK-17"""
    once = asserted("signer")
    assert redeem(house, SIGNER, **once).status_code == 200
    house.refused(redeem(house, SIGNER, **once), 401, "invalid_client", "assertion_replay")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"client_assertion": assertion("signer", aud=f"{ISSUER}/token")}, "assertion_aud"),
        ({"client_assertion": assertion("signer", key("stranger"))}, "assertion_key"),
        ({"client_assertion": assertion("signer", exp=NOW - 300)}, "assertion_exp"),
        ({"client_assertion": None}, "assertion_type"),
        ({"client_assertion": assertion("nobody")}, "client_unknown"),
    ],
)
def test_a_bad_assertion_brings_nothing(house: House, form: dict[str, Any], reason: str) -> None:
    """TK-16, TK-18"""
    sent = {name: value for name, value in asserted("signer", **form).items() if value is not None}
    response = house.http.post("/token", data={"grant_type": "authorization_code", "code": "x", **sent})
    house.refused(response, 401, "invalid_client", reason)


def test_other_credentials_of_a_signer_bring_nothing(house: House) -> None:
    """TK-10, TK-11"""
    secret = {"grant_type": "refresh_token", "client_id": "signer", "client_secret": "x" * 40}
    house.refused(house.http.post("/token", data=secret), 401, "invalid_client", "client_method")
    both = {**secret, **asserted("signer")}
    house.refused(house.http.post("/token", data=both), 400, "invalid_request", "client_methods")


# DPoP


def test_a_proof_binds_the_tokens_to_its_key(house: House) -> None:
    got = tokens(redeem(house, SIGNER, proof()))
    assert got["token_type"] == "DPoP"
    assert claims(got["access_token"])["cnf"] == {"jkt": jkt()}
    answer = userinfo(house, got["access_token"], headers={"DPoP": proof(access_token=got["access_token"])})
    assert answer.status_code == 200
    assert (answer.json or {})["sub"] == "sub-1"


def test_without_a_proof_a_client_that_may_choose_gets_a_bearer_token(house: House) -> None:
    got = tokens(redeem(house, SIGNER))
    assert got["token_type"] == "Bearer"
    assert "cnf" not in claims(got["access_token"])


@pytest.mark.parametrize(
    ("client", "dpop", "error", "reason"),
    [
        (BOUND, None, "invalid_dpop_proof", "dpop_missing"),
        (BOUND, f"{proof()}, {proof()}", "invalid_dpop_proof", "dpop_several"),
        (BOUND, proof(htm="GET"), "invalid_dpop_proof", "dpop_htm"),
        (BOUND, proof(iat=NOW - 61), "invalid_dpop_proof", "dpop_iat"),
        (BOUND, "garbage", "invalid_dpop_proof", "dpop_malformed"),
        (NEVER, proof(), "invalid_request", "dpop_not_allowed"),
    ],
)
def test_a_request_without_a_good_proof_brings_nothing(
    house: House, client: Any, dpop: str | None, error: str, reason: str
) -> None:
    """TK-50; fapi2: holder of key required"""
    house.refused(redeem(house, client, dpop), 400, error, reason)


def test_a_proof_brings_tokens_once(house: House) -> None:
    """TK-50"""
    once = proof()
    assert redeem(house, SIGNER, once).status_code == 200
    house.refused(redeem(house, SIGNER, once), 400, "invalid_dpop_proof", "dpop_replay")


def test_the_host_header_names_no_address_for_proofs(house: House) -> None:
    """OP-42: htu is compared with our issuer"""
    sent = redeem(house, SIGNER, proof(htu="https://evil.example/token"), {"Host": "evil.example"})
    house.refused(sent, 400, "invalid_dpop_proof", "dpop_htu")


def test_a_code_goes_to_the_key_that_its_request_named(house: House) -> None:
    """RFC 9449 §10; fapi2: mismatched jkt fails at the token endpoint"""
    terms = Terms(cnf={"jkt": jkt()})
    assert redeem(house, SIGNER, proof(), terms=terms).status_code == 200
    house.refused(redeem(house, SIGNER, proof(key("thief")), terms=terms), 400, "invalid_grant", "cnf")
    house.refused(redeem(house, SIGNER, terms=terms), 400, "invalid_grant", "cnf")


def test_a_public_clients_refresh_token_is_bound_to_its_key(house: House) -> None:
    """TK-50: other key at refresh"""
    first = tokens(redeem(house, SPA, proof()))["refresh_token"]
    house.refused(refresh(house, SPA, first, proof(key("thief"))), 400, "invalid_grant", "cnf")
    house.refused(refresh(house, SPA, first), 400, "invalid_grant", "cnf")
    again = tokens(refresh(house, SPA, first, proof()))
    assert again["token_type"] == "DPoP"
    assert again["refresh_token"] != first


def test_a_confidential_client_may_go_on_with_another_key(house: House) -> None:
    """RFC 9449 §5: its refresh token is bound to the client's own credentials"""
    first = tokens(redeem(house, SIGNER, proof()))["refresh_token"]
    again = tokens(refresh(house, SIGNER, first, proof(key("new"))))
    assert claims(again["access_token"])["cnf"] == {"jkt": jkt(key("new"))}


def test_the_refresh_token_of_a_bound_confidential_client_stays(house: House) -> None:
    """Contract section 3; FAPI 2.0 Security Profile §5.3.2.1: no rotation"""
    held = tokens(redeem(house, BOUND, proof()))["refresh_token"]
    for _ in range(2):
        again = tokens(refresh(house, BOUND, held, proof()))
        assert again["token_type"] == "DPoP"
        assert "refresh_token" not in again
    house.refused(refresh(house, BOUND, held), 400, "invalid_dpop_proof", "dpop_missing")
    house.refused(refresh(house, SIGNER, held, proof()), 400, "invalid_grant", "refresh_client")


def test_a_nonce_is_handed_out_and_asked_for(house: House) -> None:
    """RFC 9449 §8"""
    asked = redeem(house, NONCE, proof())
    house.refused(asked, 400, "use_dpop_nonce", "dpop_nonce")
    nonce = asked.headers["DPoP-Nonce"]
    got = redeem(house, NONCE, proof(nonce=nonce))
    assert got.headers["DPoP-Nonce"] == nonce
    token = tokens(got)["access_token"]
    again = userinfo(house, token, headers={"DPoP": proof(access_token=token)})
    assert (again.status_code, (again.json or {})["error"]) == (401, "use_dpop_nonce")
    assert again.headers["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')
    good = {"DPoP": proof(access_token=token, nonce=again.headers["DPoP-Nonce"])}
    assert userinfo(house, token, headers=good).status_code == 200


@pytest.mark.parametrize(
    ("scheme", "changed", "error", "reason"),
    [
        ("Bearer", None, "invalid_token", "dpop_downgrade"),
        ("Bearer", {}, "invalid_token", "dpop_downgrade"),
        ("DPoP", None, "invalid_dpop_proof", "dpop_missing"),
        ("DPoP", {"signed_by": key("thief")}, "invalid_token", "dpop_key"),
        ("DPoP", {"ath": None}, "invalid_dpop_proof", "dpop_ath"),
        ("DPoP", {"htu": f"{ISSUER}/token"}, "invalid_dpop_proof", "dpop_htu"),
        ("DPoP", {"htm": "POST"}, "invalid_dpop_proof", "dpop_htm"),
    ],
)
def test_a_bound_token_without_its_proof_opens_nothing(
    house: House, scheme: str, changed: dict[str, Any] | None, error: str, reason: str
) -> None:
    """TK-50, TK-51: 401 and the scheme that would be right (RFC 9449 §7.1)"""
    token = tokens(redeem(house, SIGNER, proof()))["access_token"]
    headers = {} if changed is None else {"DPoP": proof(access_token=token, **changed)}
    answer = userinfo(house, token, scheme, headers)
    house.refused(answer, 401, error, reason)
    assert answer.headers["WWW-Authenticate"].startswith(f'DPoP error="{error}"')
    assert 'algs="ES256' in answer.headers["WWW-Authenticate"]


def test_a_proof_opens_userinfo_once(house: House) -> None:
    token = tokens(redeem(house, SIGNER, proof()))["access_token"]
    once = {"DPoP": proof(access_token=token)}
    assert userinfo(house, token, headers=once).status_code == 200
    house.refused(userinfo(house, token, headers=once), 401, "invalid_dpop_proof", "dpop_replay")


def test_a_bearer_token_is_not_made_better_by_a_proof(house: House) -> None:
    token = tokens(redeem(house, SIGNER))["access_token"]
    sent = userinfo(house, token, headers={"DPoP": proof(access_token=token)})
    house.refused(sent, 401, "invalid_token", "dpop_unbound")


def test_browser_apps_may_send_proofs_and_read_nonces(house: House) -> None:
    origin = {"Origin": "https://spa.example.com"}
    allowed = house.http.options("/token", headers=origin).headers["Access-Control-Allow-Headers"]
    assert allowed == "Authorization, Content-Type, DPoP"
    exposed = house.http.post("/token", data={}, headers=origin).headers["Access-Control-Expose-Headers"]
    assert "DPoP-Nonce" in exposed


# certificates


def test_a_certificate_proves_the_client_and_binds_its_tokens(house: House) -> None:
    """RFC 8705 §2, §3"""
    got = tokens(redeem(house, MTLS, headers=SEEN))
    assert got["token_type"] == "Bearer"
    assert claims(got["access_token"])["cnf"] == {"x5t#S256": THUMBPRINT}
    assert userinfo(house, got["access_token"], "Bearer", SEEN).status_code == 200
    for headers in ({}, {**SEEN, "X-SSL-Client-Cert": nginx(made("CN=app", "other"))}):
        answer = userinfo(house, got["access_token"], "Bearer", headers)
        house.refused(answer, 401, "invalid_token", "certificate_mismatch")
    again = tokens(refresh(house, MTLS, got["refresh_token"], headers=SEEN))
    assert claims(again["access_token"])["cnf"] == {"x5t#S256": THUMBPRINT}
    assert "refresh_token" not in again


def test_a_certificate_from_anybody_but_the_proxy_is_not_there(house: House) -> None:
    """TK-20"""
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "mtls"}
    outside = {"REMOTE_ADDR": "203.0.113.9"}
    response = house.http.post("/token", data=form, headers=SEEN, environ_overrides=outside)
    house.refused(response, 401, "invalid_client", "certificate_missing")
    through = {**SEEN, "X-Forwarded-For": "127.0.0.1"}
    response = house.http.post("/token", data=form, headers=through, environ_overrides=outside)
    house.refused(response, 401, "invalid_client", "certificate_missing")


@pytest.mark.parametrize(
    ("headers", "status", "error", "reason"),
    [
        ({"X-SSL-Client-Cert": "x"}, 400, "invalid_request", "certificate_malformed"),
        ({"X-SSL-Client-Verify": "FAILED:self-signed"}, 401, "invalid_client", "certificate_unverified"),
        ({"X-SSL-Client-Cert": nginx(made("CN=other", "tls"))}, 401, "invalid_client", "certificate_name"),
    ],
)
def test_another_certificate_proves_nothing(
    house: House, headers: dict[str, str], status: int, error: str, reason: str
) -> None:
    house.refused(redeem(house, MTLS, headers={**SEEN, **headers}), status, error, reason)


def test_a_client_whose_tokens_are_bound_must_show_its_certificate(house: House) -> None:
    keyed = replace(SIGNER, client_id="keyed", mtls_bound=True)
    house.live = configuration(keyed)
    house.refused(redeem(house, keyed), 400, "invalid_request", "certificate_missing")
    assert claims(tokens(redeem(house, keyed, headers=SEEN))["access_token"])["cnf"] == {"x5t#S256": THUMBPRINT}


# workloads


def workload_token(**changed: Any) -> str:
    good = {"iss": GITHUB, "sub": "s", "aud": ISSUER, "iat": NOW, "exp": NOW + 300, "jti": "run-7"}
    return signed({"alg": "ES256", "typ": "JWT", "kid": "gh"}, {**good, **changed}, key("gh"))


def test_every_use_of_a_workload_identity_is_audited(house: House) -> None:
    sent = {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    assert redeem(house, CI, **sent).status_code == 200
    found = [one.event for one in house.store.deployment.events() if one.event.event == "client.authenticated"]
    assert [(event.client_id, dict(event.detail)) for event in found] == [
        ("ci", {"issuer": GITHUB, "identity": "farm"}),
    ]
    house.refused(redeem(house, CI, **sent), 401, "invalid_client", "workload_replay")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sub": "other"}, "workload_subject"),
        ({"aud": "https://github.com/acme"}, "workload_aud"),
        ({"iss": "https://evil.example"}, "workload_iss"),
        ({"exp": NOW}, "workload_exp"),
    ],
)
def test_a_token_of_another_workload_brings_nothing(house: House, changed: dict[str, Any], reason: str) -> None:
    sent = {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token(**changed)}
    house.refused(redeem(house, CI, **sent), 401, "invalid_client", reason)


def with_tenant(house: House, **sign_in: Any) -> None:
    """contoso with another sign-in policy."""
    tenants = dict(house.live.tenants)
    tenants["contoso"] = replace(tenants["contoso"], sign_in=replace(tenants["contoso"].sign_in, **sign_in))
    house.live = replace(house.live, tenants=tenants)


def test_a_tenant_may_forbid_workload_identities(house: House) -> None:
    with_tenant(house, workloads=False)
    sent = {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    house.refused(redeem(house, CI, **sent), 400, "unauthorized_client", "workloads_forbidden")
    assert redeem(house, SIGNER).status_code == 200, "other clients go on"


@pytest.mark.parametrize(("tenant", "status"), [("contoso", 200), ("fabrikam", 400)])
def test_an_identity_of_one_tenant_speaks_for_that_tenant_only(house: House, tenant: str, status: int) -> None:
    narrowed = ApplicationAuth("workload", workloads=(replace(FARM, tenant="contoso"),))
    service = replace(CI, auth=narrowed, grant_types=("client_credentials",), scopes=("export",))
    house.live = configuration(service)
    form = {"client_id": "ci", "client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    response = house.http.post("/token", data={**form, "grant_type": "client_credentials", "tenant": tenant})
    if status == 200:
        assert claims(tokens(response)["access_token"])["tenant"] == "contoso"
    else:
        house.refused(response, status, "unauthorized_client", "workload_tenant")


def test_an_identity_of_one_tenant_never_speaks_for_none(house: House) -> None:
    narrowed = ApplicationAuth("workload", workloads=(replace(FARM, tenant="contoso"),))
    service = replace(CI, auth=narrowed, grant_types=("client_credentials",), scopes=("x",), tenant_claims=False)
    house.live = configuration(service)
    form = {"client_id": "ci", "client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    response = house.http.post("/token", data={**form, "grant_type": "client_credentials"})
    house.refused(response, 400, "unauthorized_client", "workload_tenant")


def test_a_workloads_own_token_is_bound_to_its_key(house: House) -> None:
    service = replace(BOUND, grant_types=("client_credentials",), scopes=("export",), tenants=("contoso",))
    house.live = configuration(service)
    form = {"grant_type": "client_credentials"}
    got = tokens(send(house, service, form, proof()))
    assert (got["token_type"], claims(got["access_token"])["cnf"]) == ("DPoP", {"jkt": jkt()})
    house.refused(send(house, service, form, None), 400, "invalid_dpop_proof", "dpop_missing")
