"""Discovery and keys (OIDC Discovery 1.0, RFC 8414, RFC 7517)."""

from __future__ import annotations

import pytest

from broker.grants import GRANTS
from broker.web.wellknown import metadata
from tests.unit.grants.house import ISSUER, House, claims, header, published

DISCOVERY = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize("path", DISCOVERY)
def test_discovery_tells_what_works(house: House, path: str) -> None:
    """discovery-endpoint-verification"""
    document = house.http.get(path).json or {}
    assert document["issuer"] == ISSUER
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == list(GRANTS)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert set(document["id_token_signing_alg_values_supported"]) == {"ES256", "RS256"}
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is document["claims_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False, "only our own, and those need no announcement"
    assert document["require_pushed_authorization_requests"] is document["require_signed_request_object"] is False
    assert document["response_modes_supported"] == ["query", "form_post"]
    assert "none" not in document["request_object_signing_alg_values_supported"]
    assert "registration_endpoint" not in document


def test_every_endpoint_named_here_is_served_here(house: House) -> None:
    document = house.http.get(DISCOVERY[0]).json or {}
    routes = {rule.rule for rule in house.http.application.url_map.iter_rules()}
    elsewhere = {"authorization_endpoint", "end_session_endpoint", "pushed_authorization_request_endpoint"}
    elsewhere |= {"device_authorization_endpoint"}
    named = {name for name in document if name.endswith("_endpoint") or name == "jwks_uri"} - elsewhere
    assert {str(document[name]).removeprefix(ISSUER) for name in named} <= routes


def test_every_claim_of_an_id_token_is_announced(house: House) -> None:
    document = house.http.get(DISCOVERY[0]).json or {}
    assert set(claims(house.tokens_of()["id_token"])) - {"department"} <= set(document["claims_supported"])


@pytest.mark.parametrize("path", [*DISCOVERY, "/jwks"])
def test_caches_may_keep_it_for_five_minutes_and_ask_again_cheaply(house: House, path: str) -> None:
    first = house.http.get(path, headers={"Origin": "https://anywhere.example"})
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = house.http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_the_jwks_lists_next_and_active_keys_and_nothing_private(house: House) -> None:
    """TK-52"""
    keys = published(house.http)
    assert sorted(key["alg"] for key in keys) == ["ES256", "ES256", "RS256", "RS256"]
    assert len({key["kid"] for key in keys}) == 4
    assert all({"d", "p", "q", "dp", "dq", "qi", "k"}.isdisjoint(key) for key in keys)
    assert {key["use"] for key in keys} == {"sig"}
    assert header(house.tokens_of()["id_token"])["kid"] in {key["kid"] for key in keys}


def test_discovery_names_the_ways_that_clients_prove_themselves(house: House) -> None:
    """RFC 8414 §2, RFC 9449 §5.1, RFC 8705 §3.3: what needs a proxy is named only where there is one."""
    document = house.http.get(DISCOVERY[0]).json or {}
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    assert document["token_endpoint_auth_methods_supported"] == methods
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "RS256"]
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256", "RS256"]
    assert document["tls_client_certificate_bound_access_tokens"] is False
    proxied = metadata(ISSUER, ("ES256", "RS256"), certificates=True)
    found = proxied["token_endpoint_auth_methods_supported"]
    assert found == [*methods, "tls_client_auth", "self_signed_tls_client_auth"]
    assert proxied["tls_client_certificate_bound_access_tokens"] is True
