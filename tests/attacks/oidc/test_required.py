"""What an operator requires of every token, and its neighbours: RP-13, RP-53, RP-59 to RP-76, T10, T11, T23."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.configuration.profiles import profile
from broker.errors import AssertionRejected
from broker.model import Callback
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import RelyingParty, speaking
from tests.attacks.oidc.spoils import STRANGER
from tests.idps.oidc_op import OidcOp, Switches, compact

X5T = "AAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcOp]:
    with OidcOp() as opened:
        yield opened


@pytest.fixture
def op(provider: OidcOp) -> OidcOp:
    provider.switches = Switches()
    provider.seen.clear()
    return provider


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def reason(party: RelyingParty, method: str = "GET") -> str:
    with pytest.raises(AssertionRejected) as refused:
        party.sign_in(method)
    return refused.value.reason


def query(url: str) -> Mapping[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("acr", [None, "", "urn:pwd", "urn:mfa ", "URN:MFA", ["urn:mfa"], 2, True])
def test_rp_53_a_weaker_class_than_the_operator_asked_for_is_refused(
    op: OidcOp, outbound: Outbound, acr: object
) -> None:
    op.switches.claims["acr"] = acr
    assert reason(RelyingParty(op, outbound, acr_values=("urn:mfa", "urn:phr"))) == "acr"


def test_rp_53_the_class_is_asked_for_and_one_of_them_is_enough(op: OidcOp, outbound: Outbound) -> None:
    op.switches.claims["acr"] = "urn:phr"
    party = RelyingParty(op, outbound, acr_values=("urn:mfa", "urn:phr"))
    assert query(party.begin()[1])["acr_values"] == "urn:mfa urn:phr"
    assert party.sign_in().acr == "urn:phr"


CLAIMS = {
    "one value": ({"acrs": {"essential": True, "value": "c1"}}, ["c1", "c7"], [None, [], ["c2"], "c10", 1, {"c1": 1}]),
    "several": ({"acrs": {"essential": True, "values": ["c1", "c2"]}}, "c2", [None, "c3", ["c3"], ["c1c2"]]),
    "any": ({"acrs": {"essential": True}}, ["c9"], [None, "", []]),
}


@pytest.mark.parametrize(("asked", "good", "bad"), CLAIMS.values(), ids=CLAIMS)
def test_rp_53_an_essential_claim_that_says_something_else_is_refused(
    op: OidcOp, outbound: Outbound, asked: Mapping[str, object], good: object, bad: list[object]
) -> None:
    request = json.dumps({"id_token": asked, "access_token": {"xms_cc": {"values": ["cp1"]}}})
    party = RelyingParty(op, outbound, claims_request=request)
    assert json.loads(query(party.begin()[1])["claims"])["id_token"] == asked
    for said in bad:
        op.switches.claims["acrs"] = said
        assert reason(party) == "claims_request", said
    op.switches.claims["acrs"] = good
    assert party.sign_in()


def test_rp_53_userinfo_cannot_say_what_the_signature_did_not(op: OidcOp, outbound: Outbound) -> None:
    op.switches.userinfo["acrs"] = ["c1"]
    op.switches.userinfo["hd"] = "contoso.com"
    assert not {"acrs", "hd"} & set(RelyingParty(op, outbound).sign_in().attributes)


def test_a_claim_that_is_only_wished_for_is_not_required(op: OidcOp, outbound: Outbound) -> None:
    assert RelyingParty(op, outbound, claims_request='{"id_token":{"acrs":{"value":"c1"}}}').sign_in()


@pytest.mark.parametrize("hd", [None, "", "evil.com", "contoso.com.evil.com", "sub.contoso.com", ["contoso.com"], True])
def test_rp_65_an_account_of_another_workspace_is_refused(op: OidcOp, outbound: Outbound, hd: object) -> None:
    """The `hd` of the request only filters a page."""
    op.switches.claims["hd"] = hd
    assert reason(RelyingParty(op, outbound, hosted_domains=("contoso.com", "contoso.org"))) == "hd"


@pytest.mark.parametrize(("domains", "sent"), [(("contoso.com",), "contoso.com"), (("contoso.com", "a.org"), "*")])
def test_a_workspace_account_signs_in(op: OidcOp, outbound: Outbound, domains: tuple[str, ...], sent: str) -> None:
    op.switches.claims["hd"] = "contoso.com"
    party = RelyingParty(op, outbound, hosted_domains=domains)
    assert query(party.begin()[1])["hd"] == sent
    assert party.sign_in().attributes["hd"] == ("contoso.com",)


def test_google_s_two_spellings_are_one_issuer_and_one_person(op: OidcOp, outbound: Outbound) -> None:
    bare = op.issuer.removeprefix("http://")
    party = RelyingParty(op, outbound, issuers=(op.issuer, bare))
    first = party.sign_in()
    op.switches.claims["iss"] = bare
    second = party.sign_in()
    assert (first.upstream, first.subject) == (second.upstream, second.subject) == (op.issuer, "ana-1")
    op.switches.claims["iss"] = f"{bare}/"
    assert reason(party) == "iss"


def test_t10_ad_fs_calls_itself_otherwise_in_access_tokens(op: OidcOp, outbound: Outbound) -> None:
    """An ID token by the other name is an access token that took the wrong turn."""
    op.switches.metadata["access_token_issuer"] = "http://adfs.contoso.com/adfs/services/trust"
    party = RelyingParty(op, outbound, resource="urn:broker")
    assert party.sign_in().upstream == op.issuer
    op.switches.claims["iss"] = "http://adfs.contoso.com/adfs/services/trust"
    assert reason(party) == "iss"


def test_the_resource_is_asked_for_on_both_legs(op: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(op, outbound, resource="urn:broker")
    assert query(party.begin()[1])["resource"] == "urn:broker"
    party.sign_in()
    assert next(form["resource"] for path, form, _ in op.seen if path == "/token") == "urn:broker"


@pytest.mark.parametrize("published", [{"x5t": X5T}, {"x5t": X5T, "kid": "another"}, {"kid": X5T}, {}])
def test_t11_ad_fs_2016_names_its_key_by_thumbprint_only(
    op: OidcOp, outbound: Outbound, published: Mapping[str, str]
) -> None:
    key = {name: value for name, value in op.rsa.as_dict(private=False).items() if name != "kid"}
    op.switches.jwks = json.dumps({"keys": [{**key, **published}]}).encode()
    op.switches.header.update(kid=None, x5t=X5T)
    assert RelyingParty(op, outbound).sign_in()


def test_t11_a_thumbprint_that_another_key_bears_finds_nothing(op: OidcOp, outbound: Outbound) -> None:
    key = {name: value for name, value in op.rsa.as_dict(private=False).items() if name != "kid"}
    op.switches.jwks = json.dumps({"keys": [{**key, "x5t": X5T.replace("A", "B")}]}).encode()
    op.switches.header.update(kid=None, x5t=X5T)
    assert reason(RelyingParty(op, outbound)) == "key"


def test_t11_a_thumbprint_opens_no_door_for_a_stranger(op: OidcOp, outbound: Outbound) -> None:
    key = {name: value for name, value in op.rsa.as_dict(private=False).items() if name != "kid"}
    op.switches.jwks = json.dumps({"keys": [key]}).encode()
    op.switches.header.update(kid=None, x5t=X5T)
    op.switches.sign = lambda head, body: compact(head, body, STRANGER)
    assert reason(RelyingParty(op, outbound)) == "signature"


def test_t23_keycloak_lists_encryption_keys_and_nests_its_roles(op: OidcOp, outbound: Outbound) -> None:
    encrypting = {**STRANGER.as_dict(private=False), "kid": "op-rsa", "use": "enc", "alg": "RSA-OAEP"}
    op.switches.jwks = json.dumps({"keys": [encrypting, op.rsa.as_dict(private=False)]}).encode()
    op.switches.claims["realm_access"] = {"roles": ["admin", "viewer"]}
    party = RelyingParty(op, outbound, profile=profile("keycloak"))
    assert party.sign_in().attributes["realm_access.roles"] == ("admin", "viewer")
    op.switches.sign = lambda head, body: compact(head, body, STRANGER)
    assert reason(party) == "signature"


def test_rp_64_names_that_change_are_never_keys_of_entra_s_people(op: OidcOp, outbound: Outbound) -> None:
    op.switches.claims.update(
        preferred_username="ana", upn="ana@contoso.com", email="ana@contoso.com", tid="t", oid="o"
    )
    assert RelyingParty(op, outbound, profile=profile("entra")).sign_in().subject == "t+o"


def test_rp_59_rp_63_an_address_never_makes_two_subjects_one_person(op: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(op, outbound)
    first = party.sign_in()
    op.switches.claims.update(sub="somebody-new", email="ana@example.com", email_verified=True)
    op.switches.userinfo["sub"] = "somebody-new"
    second = party.sign_in()
    assert first.attributes["email"] == second.attributes["email"]
    assert first.subject != second.subject


def test_rp_71_addresses_in_claims_are_never_visited(op: OidcOp, outbound: Outbound) -> None:
    for name in ("picture", "website", "profile", "jku"):
        op.switches.claims[name] = f"{op.issuer}/{name}"
    RelyingParty(op, outbound).sign_in()
    assert {path for path, _, _ in op.seen} == {"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"}


def test_rp_13_an_answer_comes_as_it_was_asked_for_and_not_otherwise(op: OidcOp, outbound: Outbound) -> None:
    """Both ways: a form where a query was asked, a query where a form was asked, a form's values in the query."""
    assert reason(RelyingParty(op, outbound), "POST") == "response_mode"
    party = RelyingParty(op, outbound, response_mode="form_post")
    assert query(party.begin()[1])["response_mode"] == "form_post"
    assert reason(party, "GET") == "response_mode"
    assert reason(party, "POST") == "state"


def test_rp_14_a_token_in_the_form_is_not_read(op: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(op, outbound, response_mode="form_post")
    with pytest.raises(AssertionRejected, match="implicit"):
        party.connector.correlate(Callback("POST", {}, {"state": ("request-id",), "id_token": ("a.b.c",)}))


def test_rp_76_an_answer_to_no_question_has_no_state(op: OidcOp, outbound: Outbound) -> None:
    """We have no address for third-party initiated login: iss, target_link_uri and login_hint start nothing."""
    given = {"iss": (op.issuer,), "target_link_uri": ("https://evil.example",), "login_hint": ("ana",)}
    with pytest.raises(AssertionRejected, match="state"):
        RelyingParty(op, outbound).connector.correlate(Callback("GET", given, {}))


@pytest.mark.parametrize(
    ("vendor", "asked", "sent"),
    [
        ("generic", {"domain_hint": "contoso.com", "login_hint": "a@contoso.com"}, {"login_hint": "a@contoso.com"}),
        ("entra", {"domain_hint": "contoso.com"}, {"domain_hint": "contoso.com"}),
        (
            "entra",
            {"login_hint": "a@contoso.com", "prompt": frozenset({"select_account"})},
            {"prompt": "select_account"},
        ),
        ("adfs", {"prompt": frozenset({"select_account"})}, {}),
        ("adfs", {"prompt": frozenset({"login"})}, {"prompt": "login", "max_age": "0"}),
    ],
)
def test_an_idp_hears_the_hints_that_its_profile_knows(
    op: OidcOp, outbound: Outbound, vendor: str, asked: Mapping[str, object], sent: Mapping[str, str]
) -> None:
    told = query(RelyingParty(op, outbound, profile=profile(vendor)).begin(**asked)[1])
    names = ("login_hint", "domain_hint", "prompt", "max_age")
    assert {name: told[name] for name in names if name in told} == sent


def test_configured_parameters_give_way_to_what_the_application_asked(op: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(op, outbound, authorize={"prompt": "select_account", "domain_hint": "contoso.com"})
    told = query(party.begin()[1])
    assert (told["prompt"], told["domain_hint"]) == ("select_account", "contoso.com")
    assert query(party.begin(prompt=frozenset({"login"}))[1])["prompt"] == "login"
