"""Over HTTP: clients that prove themselves by signatures, certificates and the tokens of their platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.model import ApplicationAuth
from tests.unit.clients.certificates import made, nginx
from tests.unit.clients.signing import JWT_BEARER, assertion, key, signed
from tests.unit.grants.house import ISSUER, NOW, House, claims, configuration
from tests.unit.grants.senders import (
    CI,
    FARM,
    GITHUB,
    MTLS,
    SEEN,
    SIGNER,
    THUMBPRINT,
    asserted,
    redeem,
    refresh,
    register,
    tokens,
    userinfo,
)


@pytest.fixture(autouse=True)
def registered(house: House) -> None:
    register(house)


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


def test_what_a_tenant_forbids_for_a_while_is_good_afterwards(house: House) -> None:
    """The refresh token was not used up, and nothing was opened, for a refusal that is not its fault."""

    def proven() -> dict[str, str]:
        return {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token(jti=None)}

    def refreshed() -> TestResponse:
        form = {"client_id": "ci", "grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
        return house.http.post("/token", data={**form, **proven()})

    got = tokens(redeem(house, CI, **proven()))
    with_tenant(house, workloads=False)
    house.refused(refreshed(), 400, "unauthorized_client", "workloads_forbidden")
    house.refused(redeem(house, CI, **proven()), 400, "unauthorized_client", "workloads_forbidden")
    assert house.store.deployment.grant_of_code(house.codes[-1]) is None
    with_tenant(house, workloads=True)
    assert refreshed().status_code == 200


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


def test_an_identity_of_one_tenant_need_not_name_it(house: House) -> None:
    """The client may speak for every tenant; who proved it so may not, so no choice is left."""
    narrowed = ApplicationAuth("workload", workloads=(replace(FARM, tenant="contoso"),))
    house.live = configuration(replace(CI, auth=narrowed, grant_types=("client_credentials",), scopes=("export",)))
    form = {"client_id": "ci", "client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    got = tokens(house.http.post("/token", data={**form, "grant_type": "client_credentials"}))
    assert claims(got["access_token"])["tenant"] == "contoso"


def test_an_identity_of_one_tenant_never_speaks_for_none(house: House) -> None:
    narrowed = ApplicationAuth("workload", workloads=(replace(FARM, tenant="contoso"),))
    service = replace(CI, auth=narrowed, grant_types=("client_credentials",), scopes=("x",), tenant_claims=False)
    house.live = configuration(service)
    form = {"client_id": "ci", "client_assertion_type": JWT_BEARER, "client_assertion": workload_token()}
    response = house.http.post("/token", data={**form, "grant_type": "client_credentials"})
    house.refused(response, 400, "unauthorized_client", "workload_tenant")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_an_identity_hears_nothing_of_tenants_that_it_is_not_for(house: House, kind: str) -> None:
    """What it could not get tokens for, it cannot ask about either."""

    def told(tenant: str | None, **sign_in: Any) -> bool:
        narrowed = replace(CI, auth=ApplicationAuth("workload", workloads=(replace(FARM, tenant=tenant),)))
        house.live = configuration(narrowed)
        with_tenant(house, **sign_in)
        proven = {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token(jti=None)}
        answer = house.http.post("/introspect", data={"client_id": "ci", "token": got[kind], **proven})
        assert answer.status_code == 200, answer.json
        return bool((answer.json or {})["active"])

    fresh = {"client_assertion_type": JWT_BEARER, "client_assertion": workload_token(jti=None)}
    got = tokens(redeem(house, CI, **fresh))
    assert told(None)
    assert told("contoso")
    assert not told("fabrikam")
    assert not told("contoso", workloads=False)
