"""Every module of the plans has its test: by its own name, or by a case of a test that says which modules it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

OIDCC = """
discovery-endpoint-verification server response-type-missing idtoken-signature idtoken-unsigned userinfo-get
userinfo-post-header userinfo-post-body ensure-request-without-nonce-succeeds-for-code-flow scope-profile scope-email
scope-address scope-phone scope-all alternate-happy-flow display-page display-popup prompt-login
prompt-none-not-logged-in prompt-none-logged-in max-age-1 max-age-10000
ensure-request-with-unknown-parameter-succeeds id-token-hint login-hint ui-locales claims-locales
ensure-request-with-acr-values-succeeds codereuse codereuse-30seconds ensure-registered-redirect-uri
ensure-post-request-succeeds server-client-secret-post
request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
unsigned-request-object-supported-correctly-or-rejected-as-unsupported claims-essential
ensure-request-object-with-redirect-uri refresh-token ensure-request-with-valid-pkce-succeeds
"""
LOGOUT = """
rp-initiated-logout rp-initiated-logout-discovery-endpoint-verification
rp-initiated-logout-bad-post-logout-redirect-uri rp-initiated-logout-modified-id-token-hint
rp-initiated-logout-no-id-token-hint rp-initiated-logout-no-params rp-initiated-logout-no-post-logout-redirect-uri
rp-initiated-logout-no-state rp-initiated-logout-only-state
rp-initiated-logout-query-added-to-post-logout-redirect-uri rp-initiated-logout-bad-id-token-hint
backchannel-rp-initiated-logout-discovery-endpoint-verification backchannel-rp-initiated-logout
frontchannel-rp-initiated-logout-discovery-endpoint-verification frontchannel-rp-initiated-logout 3rdparty-init-login
"""
FAPI2 = """
discovery-end-point-verification happy-flow user-rejects-authentication
ensure-authorization-request-without-state-success ensure-authorization-request-without-nonce-success
ensure-request-object-with-64-char-nonce-success ensure-authorization-request-with-long-nonce
ensure-authorization-request-with-long-state ensure-other-scope-order-succeeds test-claims-parameter-identity-claims
access-token-type-header-case-sensitivity check-dpop-proof-nbf-exp
ensure-dpop-proof-with-iat-10-seconds-before-succeeds ensure-dpop-proof-with-iat-10-seconds-after-succeeds
ensure-mismatched-dpop-jkt-fails ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt
ensure-token-endpoint-fails-with-mismatched-dpop-jkt ensure-dpop-proof-at-par-endpoint-binding-success
ensure-dpop-auth-code-binding-success ensure-registered-redirect-uri plain-fapi-ensure-registered-redirect-uri
ensure-unsigned-authorization-request-without-using-par-fails ensure-redirect-uri-in-authorization-request
ensure-response-type-code-idtoken-fails ensure-response-type-token-fails ensure-client-id-in-token-endpoint
ensure-holder-of-key-required ensure-authorization-code-is-bound-to-client
attempt-reuse-authorization-code-after-one-second attempt-to-use-expired-auth-code
ensure-signed-client-assertion-with-rs256-fails ensure-client-assertion-in-token-endpoint
ensure-client-assertion-with-exp-is-5-minutes-in-past-fails ensure-client-assertion-with-wrong-aud-fails
ensure-client-assertion-with-no-sub-fails ensure-invalid-client-assertions-fail dpop-negative-tests refresh-token
par-ensure-server-accepts-reused-request-uri-before-authentication-completion par-attempt-reuse-request-uri
par-attempt-to-use-expired-request-uri par-ensure-request-uri-is-bound-to-client
par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted
par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails
par-authorization-request-containing-request-uri-form-param par-authorization-request-containing-request-uri
par-attempt-invalid-http-method par-ensure-pkce-required par-pkce-verifier-required
par-incorrect-pkce-code-verifier-rejected par-ensure-plain-pkce-rejected par-without-duplicate-parameters
par-test-array-as-audience-fails par-test-par-endpoint-url-as-audience-fails
par-test-token-endpoint-url-as-audience-fails
"""
SIGNING = """
message-signing-happy-flow ensure-server-accepts-request-object-with-multiple-aud
ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted
ensure-different-nonce-inside-and-outside-request-object ensure-different-state-inside-and-outside-request-object
ensure-request-object-with-long-state ensure-request-object-with-long-nonce
ensure-request-object-without-exp-fails ensure-request-object-without-nbf-fails
state-only-outside-request-object-not-used ensure-request-object-without-redirect-uri-fails
ensure-expired-request-object-fails ensure-request-object-with-bad-aud-fails
ensure-request-object-with-exp-over-60-fails ensure-request-object-with-nbf-over-60-fails
ensure-signed-request-object-with-rs256-fails ensure-request-object-signature-algorithm-is-not-none
ensure-request-object-with-invalid-signature-fails ensure-matching-key-in-authorization-request
ensure-unsigned-request-at-par-endpoint-fails
"""


def shown(plan: str) -> set[str]:
    """The names of the plan's tests, and the modules that their docstrings list before the section."""
    found: set[str] = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith(f"test_{plan}_"):
                found.add(node.name.removeprefix(f"test_{plan}_").replace("_", "-"))
                said = ast.get_docstring(node) or ""
                if said.startswith("Modules "):
                    found.update(said.removeprefix("Modules ").partition(" (")[0].replace(",", " ").split())
    return found


@pytest.mark.parametrize(
    ("modules", "plan"),
    [(OIDCC, "oidcc"), (LOGOUT, "oidcc"), (FAPI2, "fapi2"), (SIGNING, "fapi2")],
    ids=["oidcc", "logout", "fapi2-security-profile", "fapi2-message-signing"],
)
def test_every_module_has_its_test(modules: str, plan: str) -> None:
    assert set(modules.split()) - shown(plan) == set()
