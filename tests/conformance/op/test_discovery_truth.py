"""Discovery tells exactly the truth: each member of the document is proven by use, and nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.conformance.op import prompts, proofs
from tests.conformance.op.party import Party
from tests.conformance.op.proofs import Proof
from tests.conformance.op.suite import Suite

DOORS = ("token", "revocation", "introspection")  # where clients prove themselves, as far as metadata has a word for it
PAGES = {  # what people visit, what operators ask, and an API of our own: discovery has no member for them
    *("/", "/login", "/switch", "/consent", "/account", "/device", "/approve"),
    *("/healthz", "/readyz", "/metrics", "/access"),
}

PROOFS: Mapping[str, Callable[[Proof], None]] = {
    "issuer": proofs.issuer,
    **dict.fromkeys(("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"), proofs.signs_in),
    "device_authorization_endpoint": proofs.devices,
    "revocation_endpoint": proofs.revocation,
    "introspection_endpoint": proofs.introspection,
    "pushed_authorization_request_endpoint": proofs.pushing,
    "require_pushed_authorization_requests": proofs.plain,
    "require_signed_request_object": proofs.plain,
    "end_session_endpoint": proofs.sign_out,
    "scopes_supported": proofs.scope,
    "response_types_supported": proofs.response_types,
    "response_modes_supported": proofs.response_modes,
    "grant_types_supported": proofs.grant_types,
    "subject_types_supported": proofs.subject_types,
    **{f"{name}_signing_alg_values_supported": proofs.signatures for name in ("id_token", "userinfo", "introspection")},
    **{f"{name}_endpoint_auth_methods_supported": proofs.authentication(name) for name in DOORS},
    **{f"{name}_endpoint_auth_signing_alg_values_supported": proofs.assertions(name) for name in DOORS},
    "dpop_signing_alg_values_supported": proofs.dpop,
    "tls_client_certificate_bound_access_tokens": proofs.certificates,
    "acr_values_supported": proofs.acr,
    "code_challenge_methods_supported": proofs.pkce,
    "prompt_values_supported": prompts.prompts,
    "claim_types_supported": proofs.claim_types,
    "claims_supported": proofs.claims,
    "claims_parameter_supported": proofs.single_claims,
    **dict.fromkeys(("request_parameter_supported", "request_uri_parameter_supported"), proofs.request_objects),
    "request_object_signing_alg_values_supported": proofs.request_objects,
    "authorization_response_iss_parameter_supported": proofs.answers_name_us,
    **{
        f"{name}channel_logout_{what}supported": proofs.channels
        for name in ("back", "front")
        for what in ("", "session_")
    },
}


def test_every_member_has_its_proof(suite: Suite) -> None:
    assert set(Party(suite).discovery) == set(PROOFS)


@pytest.mark.parametrize("name", PROOFS)
def test_discovery_says_what_works(suite: Suite, name: str) -> None:
    PROOFS[name](Proof(suite))


def test_nothing_that_works_is_missing(suite: Suite) -> None:
    """Every address of one word is named in the document, or is a page."""
    named = {str(value).removeprefix(suite.issuer) for value in Party(suite).discovery.values()}
    served = {rule.rule for rule in suite.app.url_map.iter_rules() if rule.rule.count("/") == 1}
    assert served - named <= PAGES
    assert named & PAGES == set()
