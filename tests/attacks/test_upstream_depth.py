"""Keys of our own per identity provider, and answers by form, through the whole broker: RP-02, RP-03, RP-13."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug import Request

from broker import jose
from broker.app.rp_keys import RELOAD_AFTER
from broker.connectors.breaker import FAILURES
from broker.errors import TokenRejected
from broker.model import Callback
from broker.store import StoredKey
from broker.tokens import rotation
from tests.attacks import setting
from tests.attacks.world import World, query
from tests.idps.oidc_op import OidcOp

KEYED: Mapping[str, Any] = {"client_auth": "private_key_jwt", "client_assertion": {"alg": "PS256", "thumbprint": "x5t"}}


@pytest.fixture
def op(fresh: World, ops: Mapping[str, OidcOp]) -> OidcOp:
    """contoso and northwind prove themselves by key at one provider, under one client id; contoso's op-form answers
    by form.
    """
    for tenant in ("contoso", "northwind"):
        keyed = setting.oidc(ops["contoso"], "op-keyed", **KEYED)
        del keyed["client_secret"]
        fresh.tenants[tenant]["identity_providers"].append(keyed)
    form = setting.oidc(ops["contoso"], "op-form", response_mode="form_post")
    fresh.tenants["contoso"]["identity_providers"].append(form)
    fresh.apply()
    return ops["contoso"]


def jwks(world: World, tenant: str, idp: str = "op-keyed") -> bytes:
    answer = world.visit(world.browser(), f"/t/{tenant}/oidc/{idp}/jwks")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    return answer.data


class Strict:
    """A provider that knows the client by the keys it read, as RFC 7523 has it."""

    def __init__(self, op: OidcOp, read: Any) -> None:
        self.op, self.read, self.seen = op, read, list[dict[str, object]]()
        self.headers: list[dict[str, object]] = []

    def __call__(self, request: Request) -> bool:
        form = request.form
        assert "client_secret" not in form
        assert request.authorization is None
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        try:
            token = jose.verified(form["client_assertion"], jose.parse_jwks(self.read()), ["PS256"], types=["jwt"])
        except TokenRejected:
            return False
        self.seen.append(token.claims)
        self.headers.append(token.header)
        return True


def test_we_prove_ourselves_with_the_published_key(fresh: World, op: OidcOp, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Strict(op, lambda: jwks(fresh, "contoso"))
    monkeypatch.setattr(op, "_client_is_known", strict)
    for _ in range(2):
        assert fresh.tokens("contoso", "op-keyed")["access_token"]
    first, second = strict.seen
    assert (first["iss"], first["sub"], first["aud"]) == (op.client_id, op.client_id, f"{op.issuer}/token")
    assert 0 < int(str(first["exp"])) - int(str(first["iat"])) <= 60
    assert first["jti"] != second["jti"]
    published = {key["kid"]: key for key in json.loads(jwks(fresh, "contoso"))["keys"]}
    header = strict.headers[0]
    assert header["x5t"] == published[str(header["kid"])]["x5t"]


def test_an_assertion_of_one_tenant_is_worth_nothing_for_another(
    fresh: World, op: OidcOp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(op, "_client_is_known", Strict(op, lambda: jwks(fresh, "contoso")))
    under_way = fresh.begin("northwind", "op-keyed")
    fresh.assert_refused(under_way.answer, "token_error", "oidc_rp.rejected", tenant="northwind")


def test_the_address_shows_public_halves_of_whoever_uses_them(fresh: World, op: OidcOp) -> None:
    keys = json.loads(jwks(fresh, "contoso"))["keys"]
    assert [sorted(key) for key in keys] == [sorted(("kty", "n", "e", "use", "kid", "x5c", "x5t", "x5t#S256"))] * 2
    assert {key["kid"] for key in keys}.isdisjoint(key["kid"] for key in json.loads(jwks(fresh, "northwind"))["keys"])
    for tenant, idp in (
        ("contoso", "op"),
        ("contoso", "adfs"),
        ("fabrikam", "op-keyed"),
        ("nobody", "op-keyed"),
        ("contoso", "none"),
    ):
        assert fresh.visit(fresh.browser(), f"/t/{tenant}/oidc/{idp}/jwks").status_code == 404
    fresh.tenants["contoso"]["state"] = "suspended"
    fresh.idp("northwind", "op-keyed")["enabled"] = False
    fresh.apply()
    for tenant in ("contoso", "northwind"):
        assert fresh.visit(fresh.browser(), f"/t/{tenant}/oidc/op-keyed/jwks").status_code == 404


def test_keys_roll_under_sign_ins_without_a_refusal(fresh: World, op: OidcOp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that read our keys a day ago knows the one that takes over."""
    read = {"keys": jwks(fresh, "contoso")}
    strict = Strict(op, lambda: read["keys"])
    monkeypatch.setattr(op, "_client_is_known", strict)
    kind = rotation.relying_party("contoso", "op-keyed")
    fresh.tokens("contoso", "op-keyed")
    with fresh.house.store.transaction() as transaction:
        at = int(fresh.clock()) + kind.publish_ahead
        rotation.rotate(transaction.deployment, StoredKey, at, kind=kind)
    fresh.clock.ahead += RELOAD_AFTER + 1
    fresh.tokens("contoso", "op-keyed")
    assert strict.headers[0]["kid"] != strict.headers[1]["kid"]
    assert len(json.loads(jwks(fresh, "contoso"))["keys"]) == 3, "the retired key stays for what is under way"


def by_form(callback: Callback) -> Callback:
    return Callback("POST", {}, callback.query)


def test_rp_13_an_answer_by_form_is_parked_and_arrives_by_get(fresh: World, op: OidcOp) -> None:
    under_way = fresh.begin("contoso", "op-form")
    parked = under_way.answer(by_form(under_way.honest()))
    assert parked.status_code == 303
    assert "/t/contoso/oidc/op-form/arrival?" in parked.headers["Location"]
    assert not [header for header in parked.headers.getlist("Set-Cookie") if "session=" in header]
    done = fresh.visit(under_way.browser, parked.headers["Location"])
    assert "code=" in done.headers["Location"]
    again = fresh.visit(under_way.browser, parked.headers["Location"])
    assert again.status_code == 400


def test_rp_13_the_other_way_is_refused(fresh: World, op: OidcOp) -> None:
    form, plain = fresh.begin("contoso", "op-form"), fresh.begin("contoso", "op")
    fresh.assert_refused(form.answer, "response_mode", "oidc_rp.rejected")
    answer = by_form(plain.honest())
    fresh.assert_refused(lambda: plain.answer(answer), "response_mode", "oidc_rp.rejected")


def test_rp_02_a_form_in_another_browser_is_refused(fresh: World, op: OidcOp) -> None:
    under_way = fresh.begin("contoso", "op-form")
    answer = by_form(under_way.honest())
    stranger = fresh.browser()
    fresh.assert_refused(lambda: under_way.answer(answer, browser=stranger), "state_session", "oidc_rp.rejected")


def test_rp_03_a_form_is_taken_once(fresh: World, op: OidcOp) -> None:
    under_way = fresh.begin("contoso", "op-form")
    answer = by_form(under_way.honest())
    assert under_way.answer(answer).status_code == 303
    fresh.assert_refused(lambda: under_way.answer(answer), "state_consumed", "oidc_rp.rejected")


REFUSALS: list[tuple[str, str]] = [("token_as", "/token"), ("userinfo_as", "/userinfo")]


@pytest.mark.parametrize(("switch", "path"), REFUSALS)
def test_refusals_that_anybody_can_provoke_leave_the_identity_provider_open(
    fresh: World, ops: Mapping[str, OidcOp], switch: str, path: str
) -> None:
    """A 4xx is an answer: whoever sends bad codes must not shut a tenant out."""
    op = ops["contoso"]
    setattr(op.switches, switch, (401, "application/json", b'{"error":"invalid_grant"}'))
    for _ in range(FAILURES + 2):
        under_way = fresh.begin("contoso", "op")
        assert "code" not in query(under_way.answer().headers.get("Location", ""))
    assert op.asked(path) == FAILURES + 2
    setattr(op.switches, switch, None)
    assert fresh.tokens("contoso", "op")["access_token"]


@pytest.mark.parametrize("idp", ["adfs", "op"])
def test_t8_a_refused_answer_never_sends_anybody_back_to_the_identity_provider(fresh: World, idp: str) -> None:
    """AD FS shuts people out who come for more than five tokens in twenty seconds: nothing here begins by itself."""
    under_way = fresh.begin("contoso", idp)
    honest = under_way.honest()
    if idp == "op":
        fresh.op_of("contoso").switches.claims["aud"] = "somebody-else"
        spoilt = honest
    else:
        spoilt = Callback("POST", {}, {**honest.form, "SAMLResponse": ("PHg+PC94Pg==",)})
    for attempt in range(6):
        response = under_way.answer(spoilt)
        home = response.headers.get("Location", "")
        assert home == "" or urlsplit(home).netloc == "app.example.com", (attempt, home)
        assert "code" not in query(home)
        assert "Refresh" not in response.headers
        assert 'http-equiv="refresh"' not in response.text.lower()
        assert "<script" not in response.text.lower()
