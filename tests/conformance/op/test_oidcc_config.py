"""Plan oidcc-config, and the discovery modules of the other plans."""

from __future__ import annotations

from tests.conformance.op.party import DISCOVERY, Party
from tests.conformance.op.suite import Suite


def test_oidcc_discovery_endpoint_verification(suite: Suite) -> None:
    """The document is JSON, its issuer is where it was found, and it has what every OpenID provider must have (OIDC
    Discovery §3): endpoints below that issuer, RS256, and a key set of public keys with distinct ids."""
    response = suite.browser().get(DISCOVERY, base_url=suite.issuer)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    party = Party(suite)
    document = party.discovery
    assert document["issuer"] == suite.issuer
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        assert str(document[name]).startswith(f"{suite.issuer}/")
    assert "code" in document["response_types_supported"]
    assert "openid" in document["scopes_supported"]
    assert "public" in document["subject_types_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"query", "form_post"} <= set(document["response_modes_supported"])
    assert {"client_secret_basic", "client_secret_post"} <= set(document["token_endpoint_auth_methods_supported"])
    assert {"sub", "iss", "name", "email"} <= set(document["claims_supported"])
    published = party.published()
    assert len({key["kid"] for key in published}) == len(published)
    assert all({"d", "p", "q", "k"}.isdisjoint(key) for key in published)
    assert {"RSA", "EC"} <= {key["kty"] for key in published}


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """RP-Initiated Logout §2.1: end_session_endpoint; http for a local installation alone."""
    assert Party(suite).at("end_session") == "/logout"


def test_oidcc_backchannel_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """Back-Channel Logout §2.1"""
    document = Party(suite).discovery
    assert document["backchannel_logout_supported"] is document["backchannel_logout_session_supported"] is True


def test_oidcc_frontchannel_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """Front-Channel Logout §3"""
    document = Party(suite).discovery
    assert document["frontchannel_logout_supported"] is document["frontchannel_logout_session_supported"] is True


def test_fapi2_discovery_end_point_verification(suite: Suite) -> None:
    """PAR, `iss`, PKCE with S256, one of the strong client methods and a sender constraint (FAPI 2.0 §5.3.2.1), and
    algorithms for request objects without `none` (Message Signing §5.3.1)."""
    document = Party(suite).discovery
    assert document["pushed_authorization_request_endpoint"] == f"{suite.issuer}/par"
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert {"private_key_jwt", "tls_client_auth"} <= set(document["token_endpoint_auth_methods_supported"])
    assert {"PS256", "ES256"} <= set(document["token_endpoint_auth_signing_alg_values_supported"])
    assert "ES256" in document["dpop_signing_alg_values_supported"]
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["claims_parameter_supported"] is document["request_parameter_supported"] is True
    assert {"PS256", "ES256"} <= set(document["request_object_signing_alg_values_supported"])
    assert "none" not in document["request_object_signing_alg_values_supported"]
