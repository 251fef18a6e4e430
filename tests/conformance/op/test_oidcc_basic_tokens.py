"""Plans oidcc-basic and oidcc-formpost-basic: what the client receives. Each test runs by both response modes."""

from __future__ import annotations

import jwt
import pytest

from tests.conformance.op.party import Party
from tests.conformance.op.suite import PERSON, PROFILE, Browser, Suite, error, payload


def test_oidcc_server(rp: Party, browser: Browser) -> None:
    """The happy flow of the code flow (OIDC Core §3.1): every check of the answer, the ID token and userinfo, and the
    second client signs the same person in, with the same `sub`."""
    tokens = rp.sign_in(browser)
    assert payload(rp.userinfo(tokens.access_token))["sub"] == tokens.id_token["sub"]
    assert Party(rp.suite, "second").sign_in(browser).id_token["sub"] == tokens.id_token["sub"]


def test_oidcc_idtoken_signature(rp: Party) -> None:
    """OIDC Core §3.1.3.7: signed by a published key with the client's algorithm; one changed byte breaks it."""
    tokens = rp.sign_in()
    assert tokens.header["alg"] == "RS256"
    head, body, _ = str(tokens.answer["id_token"]).split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        rp.verify_id_token(f"{head}.{body}.{'A' * 342}", tokens.access_token)


def test_oidcc_idtoken_unsigned(rp: Party) -> None:
    """OIDC Core §2: `none` only where the server says that it knows it; this one doesn't, and signs."""
    assert "none" not in rp.discovery["id_token_signing_alg_values_supported"]
    assert rp.sign_in().header["alg"] != "none"


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(rp: Party) -> None:
    """OIDC Core §3.1.2.1: a nonce is optional here, and none comes back."""
    assert "nonce" not in rp.sign_in(nonce=None).id_token


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_oidcc_userinfo_get_and_post_header(rp: Party, method: str) -> None:
    """Modules userinfo-get, userinfo-post-header (OIDC Core §5.3.1): the token in the Authorization header."""
    tokens = rp.sign_in()
    assert payload(rp.userinfo(tokens.access_token, method))["sub"] == tokens.id_token["sub"]


def test_oidcc_userinfo_post_body(rp: Party) -> None:
    """OIDC Core §5.3.1, RFC 6750 §2.2: the token in the form."""
    tokens = rp.sign_in()
    answer = rp.send("POST", rp.at("userinfo"), data={"access_token": tokens.access_token})
    assert payload(answer)["sub"] == tokens.id_token["sub"]


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("profile", PROFILE),
        ("email", {"email", "email_verified"}),
        ("address", {"address"}),
        ("phone", {"phone_number"}),
        ("profile email address phone", set(PERSON) - {"sub"}),
    ],
    ids=["profile", "email", "address", "phone", "all"],
)
def test_oidcc_scope(rp: Party, scope: str, claims: set[str]) -> None:
    """Modules scope-profile, scope-email, scope-address, scope-phone, scope-all (OIDC Core §5.4): the claims of the
    scope that are known of the person, of the right types (§5.1), and those of no other scope."""
    tokens = rp.sign_in(scope=f"openid {scope}")
    userinfo = payload(rp.userinfo(tokens.access_token))
    assert userinfo.keys() & PERSON.keys() == {"sub", *claims}
    expected = {name: value for name, value in PERSON.items() if name in claims}
    assert {name: userinfo[name] for name in claims} == expected
    assert tokens.id_token.keys() & PERSON.keys() == {"sub"}, "with an access token they are userinfo's (§5.4)"


def test_oidcc_alternate_happy_flow(rp: Party) -> None:
    """RFC 6749 §3.3: the order of scopes and of parameters means nothing."""
    asked = rp.request(scope="email openid")
    landed = rp.visit(dict(reversed(asked.items())))
    tokens = rp.verified(payload(rp.redeem(landed.code)), asked)
    assert set(str(tokens.answer["scope"]).split()) == {"openid", "email"}
    assert payload(rp.userinfo(tokens.access_token))["email"] == PERSON["email"]


def test_oidcc_claims_essential(rp: Party) -> None:
    """OIDC Core §5.5: an essential claim comes at userinfo, without its scope."""
    tokens = rp.sign_in(claims='{"userinfo": {"name": {"essential": true}}}')
    userinfo = payload(rp.userinfo(tokens.access_token))
    assert userinfo["name"] == PERSON["name"]
    assert "email" not in userinfo


def test_oidcc_server_client_secret_post(suite: Suite) -> None:
    """OIDC Core §9: the secret in the form; in the header it is not this client's method."""
    second = Party(suite, "second")
    assert second.sign_in().id_token["aud"] == "second"
    form = {"grant_type": "authorization_code", "code": second.authorize().code, "redirect_uri": second.redirect_uri}
    assert error(second.send("POST", second.at("token"), data=form, auth=("second", "wrong"))) == "invalid_client"


@pytest.mark.parametrize("after", [0, 30], ids=["codereuse", "codereuse-30seconds"])
def test_oidcc_codereuse(rp: Party, after: int) -> None:
    """Modules codereuse, codereuse-30seconds (RFC 6749 §4.1.2): a code works once, and its second use takes back
    the tokens of the first."""
    code = rp.authorize().code
    access_token = payload(rp.redeem(code))["access_token"]
    assert payload(rp.userinfo(access_token))
    rp.suite.clock.ahead += after
    assert error(rp.redeem(code)) == "invalid_grant"
    refused = rp.userinfo(access_token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_oidcc_refresh_token(rp: Party) -> None:
    """OIDC Core §12: refreshed tokens of the same person, client and sign-in; another client's are refused."""
    tokens = rp.sign_in(scope="openid offline_access", prompt="consent")
    second = Party(rp.suite, "second")
    assert error(second.refresh(tokens.refresh_token)) == "invalid_grant"
    rp.suite.clock.ahead += 5
    refreshed = payload(rp.refresh(tokens.refresh_token))
    assert refreshed["access_token"] != tokens.access_token
    _, again = rp.verify_id_token(refreshed["id_token"], refreshed["access_token"])
    same = ("iss", "sub", "aud", "auth_time")
    assert {name: again.get(name) for name in same} == {name: tokens.id_token.get(name) for name in same}
    assert again["iat"] > tokens.id_token["iat"]
    assert payload(rp.userinfo(refreshed["access_token"]))["sub"] == tokens.id_token["sub"]
