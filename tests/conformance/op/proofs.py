"""What it takes to prove a member of the discovery document: each function uses what the document says."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import jwt
from werkzeug.test import TestResponse

from tests.attacks.setting import APP_SECRET
from tests.conformance.op import keys
from tests.conformance.op.everything import ALGORITHMS, DEVICE_CODE, KEY_OF
from tests.conformance.op.fapi import JWT_BEARER
from tests.conformance.op.party import Party
from tests.conformance.op.suite import FRAME, LEFT, Browser, Suite, error, payload

VERIFIER = "v" * 64


class Proof:
    """The document, and ways to use what it says."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.document = Party(suite).discovery

    def party(self, client_id: str = "basic") -> Party:
        return Party(self.suite, client_id)

    def named(self, name: str) -> list[str]:
        values = self.document[name]
        assert len(set(values)) == len(values) > 0
        return list(values)

    def own(self, method: str, alg: str = "ES256") -> tuple[dict[str, str], dict[str, Any]]:
        """The form and the rest of a request of a client that proves itself by this method."""
        name = f"by-{method}"
        if method == "client_secret_basic":
            return {}, {"auth": (name, APP_SECRET)}
        if method == "client_secret_post":
            return {"client_id": name, "client_secret": APP_SECRET}, {}
        if method == "private_key_jwt":
            return {"client_assertion_type": JWT_BEARER, "client_assertion": self.assertion(name, alg)}, {}
        return {"client_id": name}, {"headers": keys.tls("client-1")} if "tls" in method else {}

    def assertion(self, client_id: str, alg: str) -> str:
        now = int(self.suite.clock())
        said = {"iss": client_id, "sub": client_id, "aud": self.suite.issuer, "iat": now, "exp": now + 60}
        return keys.sign({**said, "jti": secrets.token_urlsafe(9)}, KEY_OF[alg], alg)

    def post(self, endpoint: str, method: str, alg: str = "ES256", **form: str) -> TestResponse:
        own, rest = self.own(method, alg)
        path = str(self.document[f"{endpoint}_endpoint"]).removeprefix(self.suite.issuer)
        return self.suite.browser().post(path, base_url=self.suite.issuer, data={**own, **form}, **rest)

    def lets_in(self, endpoint: str, method: str, alg: str = "ES256") -> bool:
        """/token knows the client and not its token; the others answer that the token is nothing."""
        answer = self.post(endpoint, method, alg, grant_type="refresh_token", refresh_token="no", token="no")
        return error(answer) == "invalid_grant" if endpoint == "token" else answer.status_code == 200


def issuer(proof: Proof) -> None:
    assert proof.party().sign_in().id_token["iss"] == proof.document["issuer"]
    path = "/.well-known/oauth-authorization-server"
    assert proof.suite.browser().get(path, base_url=proof.suite.issuer).json == proof.document


def signs_in(proof: Proof) -> None:
    """authorization, token, userinfo, jwks"""
    assert payload(proof.party().userinfo(proof.party().sign_in().access_token))["sub"]


def devices(proof: Proof) -> None:
    answer = payload(proof.party("every-grant").post("device_authorization", scope="openid"))
    assert answer["verification_uri"] == f"{proof.suite.issuer}/device"
    waits = proof.party("every-grant").post("token", grant_type=DEVICE_CODE, device_code=answer["device_code"])
    assert error(waits) == "authorization_pending"


def revocation(proof: Proof) -> None:
    party = proof.party()
    token = party.sign_in().access_token
    assert party.post("revocation", token=token).status_code == 200
    assert party.userinfo(token).status_code == 401


def introspection(proof: Proof) -> None:
    party = proof.party()
    assert payload(party.post("introspection", token=party.sign_in().access_token))["active"] is True


def pushing(proof: Proof) -> None:
    party = proof.party()
    asked = party.request()
    answer = payload(party.post("pushed_authorization_request", **asked))
    own = {"client_id": "basic", "request_uri": answer["request_uri"]}
    browser = Browser(proof.suite)
    assert browser.follow(browser.open("/authorize", own), party.redirect_uri).code


def plain(proof: Proof) -> None:
    """Neither pushed nor signed, because nothing says that it has to be."""
    assert proof.document["require_pushed_authorization_requests"] is False
    assert proof.document["require_signed_request_object"] is False
    assert proof.party().authorize().code


def sign_out(proof: Proof) -> None:
    hint = str(proof.party().sign_in().answer["id_token"])
    answer = Browser(proof.suite).open(
        proof.party().at("end_session"), {"id_token_hint": hint, "post_logout_redirect_uri": LEFT}
    )
    assert answer.headers["Location"] == LEFT


def scope(proof: Proof) -> None:
    every = " ".join(proof.named("scopes_supported"))
    assert proof.party().sign_in(scope=every, prompt="consent").answer["scope"] == every
    assert proof.party().sign_in(scope="openid groups").answer["scope"] == "openid"


def response_types(proof: Proof) -> None:
    assert proof.named("response_types_supported") == ["code"]
    assert proof.party().authorize(response_type="code").code
    for other in ("token", "id_token", "code id_token", "none"):
        assert proof.party().error(response_type=other) == "unsupported_response_type"


def response_modes(proof: Proof) -> None:
    for mode in proof.named("response_modes_supported"):
        assert Party(proof.suite, "basic", mode).authorize().code
    for other in {"fragment", "query.jwt", "web_message"} - set(proof.named("response_modes_supported")):
        landed = proof.party().authorize(response_mode=other)
        assert landed.answer["error"] == "invalid_request"


def grant_types(proof: Proof) -> None:
    """Each is known and allowed, whatever it misses here; no other is."""
    party = proof.party("every-grant")
    for grant in proof.named("grant_types_supported"):
        answer = party.post("token", grant_type=grant)
        assert error(answer) in {"invalid_request", "invalid_target", "invalid_scope"}, (grant, answer.json)
    for other in ("password", "implicit", "urn:openid:params:grant-type:ciba"):
        assert error(party.post("token", grant_type=other)) == "unsupported_grant_type"


def subject_types(proof: Proof) -> None:
    browser = Browser(proof.suite)
    subjects = {name: proof.party(name).sign_in(browser).id_token["sub"] for name in ("basic", "second", "pairwise")}
    assert subjects["basic"] == subjects["second"]
    assert ("pairwise" in proof.named("subject_types_supported")) is (subjects["pairwise"] != subjects["basic"])


def signatures(proof: Proof) -> None:
    """ID token, userinfo and introspection, each by each algorithm."""
    for alg in proof.named("id_token_signing_alg_values_supported"):
        party = proof.party(f"alg-{alg}")
        tokens = party.sign_in()
        assert tokens.header["alg"] == alg
        said = party.userinfo(tokens.access_token)
        path = party.at("introspection")
        accept = {"Accept": "application/token-introspection+jwt"}
        form = {"token": tokens.access_token}
        told = party.send("POST", path, data=form, headers=accept, auth=(party.client_id, APP_SECRET))
        for answer in (said, told):
            assert jwt.get_unverified_header(answer.text)["alg"] == alg
            kid = jwt.get_unverified_header(answer.text)["kid"]
            (key,) = [one for one in party.published() if one["kid"] == kid]
            assert jwt.decode(answer.text, jwt.PyJWK(key), algorithms=[alg], audience=party.client_id)["iss"]
    assert set(proof.named("id_token_signing_alg_values_supported")) == set(ALGORITHMS)
    for name in ("userinfo", "introspection"):
        assert set(proof.named(f"{name}_signing_alg_values_supported")) == set(ALGORITHMS)


def authentication(endpoint: str) -> Callable[[Proof], None]:
    def prove(proof: Proof) -> None:
        methods = set(proof.named(f"{endpoint}_endpoint_auth_methods_supported"))
        known = {name.removeprefix("by-") for name in proof.suite.clients if name.startswith("by-")}
        assert methods <= known
        assert {method for method in known if proof.lets_in(endpoint, method)} == methods

    return prove


def assertions(endpoint: str) -> Callable[[Proof], None]:
    def prove(proof: Proof) -> None:
        listed = set(proof.named(f"{endpoint}_endpoint_auth_signing_alg_values_supported"))
        assert {alg for alg in KEY_OF if proof.lets_in(endpoint, "private_key_jwt", alg)} == listed

    return prove


def dpop(proof: Proof) -> None:
    party = proof.party("by-private_key_jwt")
    for alg in proof.named("dpop_signing_alg_values_supported"):
        own, _ = proof.own("private_key_jwt")
        url = str(proof.document["token_endpoint"])
        form = {"grant_type": "authorization_code", "code": party.authorize().code, "redirect_uri": party.redirect_uri}
        headers = {"DPoP": keys.proof(KEY_OF[alg], "POST", url, proof.suite.clock(), alg=alg)}
        assert payload(party.send("POST", "/token", data={**own, **form}, headers=headers))["token_type"] == "DPoP"


def certificates(proof: Proof) -> None:
    assert proof.document["tls_client_certificate_bound_access_tokens"] is True
    party = proof.party("by-tls_client_auth")
    form = {"grant_type": "authorization_code", "code": party.authorize().code, "redirect_uri": party.redirect_uri}
    token = payload(proof.post("token", "tls_client_auth", **form))["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["cnf"] == {"x5t#S256": keys.certificate_thumbprint("client-1")}


def acr(proof: Proof) -> None:
    """An essential one is reached where the upstream says so, and an error where it doesn't."""
    upstream = proof.suite.ops["contoso"].switches
    for value in proof.named("acr_values_supported"):
        wanted = json.dumps({"id_token": {"acr": {"essential": True, "values": [value]}}})
        assert proof.party().error(claims=wanted) == "unmet_authentication_requirements"
        upstream.claims["amr"] = ["mfa"]
        try:
            assert proof.party().sign_in(claims=wanted).id_token["sub"]
        finally:
            del upstream.claims["amr"]


def pkce(proof: Proof) -> None:
    assert proof.named("code_challenge_methods_supported") == ["S256"]
    challenged = {"code_challenge": keys.challenge(VERIFIER), "code_challenge_method": "S256"}
    party = proof.party()
    assert payload(party.redeem(party.authorize(**challenged).code, code_verifier=VERIFIER))["access_token"]
    assert party.error(code_challenge=VERIFIER, code_challenge_method="plain") == "invalid_request"


def claims(proof: Proof) -> None:
    """What an ID token and userinfo can hold is listed; all that is listed and known of this person is there."""
    listed = set(proof.named("claims_supported"))
    every = " ".join(proof.named("scopes_supported"))
    upstream = proof.suite.ops["contoso"].switches
    upstream.claims |= {"amr": ["mfa"], "acr": "urn:example:gold"}
    try:
        tokens = proof.party().sign_in(scope=every, prompt="consent")
    finally:
        upstream.claims.clear()
    said = {*tokens.id_token, *payload(proof.party().userinfo(tokens.access_token))}
    assert said <= listed
    unsaid = {"updated_at", "jti"}  # no time as text; only for a client without tenant claims
    assert listed - said <= unsaid, listed - said


def claim_types(proof: Proof) -> None:
    """Normal ones: none is somewhere else (OIDC Core §5.6)."""
    assert proof.named("claim_types_supported") == ["normal"]
    tokens = proof.party().sign_in(scope="openid profile")
    assert {"_claim_names", "_claim_sources"}.isdisjoint(payload(proof.party().userinfo(tokens.access_token)))


def single_claims(proof: Proof) -> None:
    assert proof.document["claims_parameter_supported"] is True
    wanted = json.dumps({"id_token": {"nickname": None}})
    assert proof.party().sign_in(claims=wanted).id_token["nickname"] == "ana"


def request_objects(proof: Proof) -> None:
    assert proof.document["request_parameter_supported"] is True
    assert proof.document["request_uri_parameter_supported"] is False
    party, now = proof.party("by-private_key_jwt"), int(proof.suite.clock())
    for alg in proof.named("request_object_signing_alg_values_supported"):
        about = {"iss": party.client_id, "aud": party.issuer, "exp": now + 60, "nbf": now}
        asked = party.request()
        value = keys.sign({**asked, **about}, KEY_OF[alg], alg)
        assert party.visit({**asked, "request": value}).code
    assert party.error(request_uri="https://rp.example.com/object") == "request_uri_not_supported"


def answers_name_us(proof: Proof) -> None:
    assert proof.party().authorize().answer["iss"] == proof.document["issuer"]
    assert proof.party().authorize(prompt="none").answer["iss"] == proof.document["issuer"]


def channels(proof: Proof) -> None:
    for name in ("backchannel", "frontchannel"):
        assert proof.document[f"{name}_logout_supported"] is proof.document[f"{name}_logout_session_supported"] is True
    for client_id in ("noticed", "framed"):
        tokens = proof.party(client_id).sign_in()
        answer = Browser(proof.suite).open("/logout", {"id_token_hint": str(tokens.answer["id_token"])})
        assert (FRAME in answer.text.replace("&amp;", "&")) is (client_id == "framed")
        assert client_id != "noticed" or proof.suite.inbox.posts.get(timeout=20)["logout_token"]
