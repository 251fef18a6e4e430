"""Clients for each thing that discovery says: one for each algorithm and method, one for every grant."""

from __future__ import annotations

from tests.attacks.setting import Settings
from tests.conformance.op import keys

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")  # of our own keys in this installation
KEY_OF = {"ES256": "ec-1", "RS256": "rsa-1", "PS256": "rsa-1", "EdDSA": "ed-1"}  # a client's, by algorithm
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE]
GRANTS += [f"urn:ietf:params:oauth:grant-type:{name}" for name in ("token-exchange", "jwt-bearer")]
SIGNED = ("id_token", "access_token", "userinfo", "introspection")


def clients(basic: Settings) -> dict[str, Settings]:
    """basic: what the suite's own clients have in common."""
    secret = {"method": "client_secret_basic", "secret": {"env": "APP_SECRET"}}
    own_keys = {"method": "private_key_jwt", "jwks": keys.jwks("ec-1", "rsa-1", "ed-1")}
    common = {**basic, "auth": secret}
    made: dict[str, Settings] = {
        f"alg-{alg}": {**common, **{f"{what}_signed_response_alg": alg for what in SIGNED}} for alg in ALGORITHMS
    }
    made["every-grant"] = {**common, "grant_types": GRANTS}
    made["asking"] = {**common, "consent": "required"}
    made["pairwise"] = {**common, "subject_type": "pairwise"}
    made["by-private_key_jwt"] = {**common, "auth": own_keys, "dpop": "optional"}
    made["by-client_secret_basic"] = common
    made["by-client_secret_post"] = {**common, "auth": {**secret, "method": "client_secret_post"}}
    made["by-none"] = {**common, "auth": {"method": "none"}, "pkce": "required"}
    named = {"method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=client-1"}
    made["by-tls_client_auth"] = {**common, "auth": named, "mtls_bound": True}
    own = {"method": "self_signed_tls_client_auth", "jwks": keys.jwks("client-1")}
    made["by-self_signed_tls_client_auth"] = {**common, "auth": own}
    return made
