"""Entra's issuer for many tenants, and its claims (synthetic): RP-41, RP-42, RP-59, RP-63, T12, T15, T16, T17."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from broker.claims import incoming_of
from broker.configuration.profiles import profile
from broker.errors import AssertionRejected
from broker.model import Identity, IdentityProvider
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import RelyingParty, speaking
from tests.attacks.oidc.spoils import STRANGER
from tests.idps.oidc_op import OidcOp, compact

CONTOSO = "11111111-2222-3333-4444-555555555555"
FABRIKAM = "22222222-2222-3333-4444-555555555555"
STRANGERS = "99999999-2222-3333-4444-555555555555"
OID = "aaaaaaaa-0000-0000-0000-000000000001"


@pytest.fixture
def op() -> Iterator[OidcOp]:
    """Signs contoso's Ana in, at an address that stands for every organisation."""
    with OidcOp(path="/organizations/v2.0") as opened:
        opened.switches.metadata["issuer"] = issuer_of(opened, "{tenantid}")
        opened.switches.metadata["authorization_response_iss_parameter_supported"] = None
        opened.switches.answer["iss"] = None
        says(opened, CONTOSO)
        yield opened


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def issuer_of(op: OidcOp, tid: str) -> str:
    return op.issuer.replace("organizations", tid)


def says(op: OidcOp, tid: str, **claims: object) -> None:
    op.switches.claims.update(iss=issuer_of(op, tid), tid=tid, oid=OID, ver="2.0", **claims)


def party(op: OidcOp, outbound: Outbound, *tids: str, **settings: object) -> RelyingParty:
    return RelyingParty(
        op,
        outbound,
        profile=profile("entra"),
        issuer=issuer_of(op, "{tenantid}"),
        issuers=tuple(issuer_of(op, tid) for tid in tids or (CONTOSO, FABRIKAM)),
        discovery=f"{op.issuer}/.well-known/openid-configuration?appid={op.client_id}",
        userinfo="never",
        **settings,
    )


def reason(op: OidcOp, outbound: Outbound, *tids: str, **settings: object) -> str:
    with pytest.raises(AssertionRejected) as refused:
        party(op, outbound, *tids, **settings).sign_in()
    return refused.value.reason


def test_t12_a_person_of_a_listed_tenant_signs_in_as_that_tenant_s(op: OidcOp, outbound: Outbound) -> None:
    identity = party(op, outbound).sign_in()
    assert (identity.upstream, identity.subject) == (issuer_of(op, CONTOSO), f"{CONTOSO}+{OID}")


def test_the_query_of_the_discovery_address_is_kept(op: OidcOp, outbound: Outbound) -> None:
    """An app with keys of its own gets them with `?appid=` only."""
    party(op, outbound).sign_in()
    assert ("/.well-known/openid-configuration", {"appid": op.client_id}) in [
        (path, asked) for path, asked, _ in op.seen
    ]


def test_rp_41_a_well_signed_token_of_a_tenant_that_is_not_listed_is_refused(op: OidcOp, outbound: Outbound) -> None:
    """T12"""
    says(op, STRANGERS)
    assert reason(op, outbound) == "iss"


def test_rp_41_the_template_itself_is_nobody_s_issuer(op: OidcOp, outbound: Outbound) -> None:
    op.switches.claims["iss"] = issuer_of(op, "{tenantid}")
    assert reason(op, outbound) == "iss"


@pytest.mark.parametrize("tid", [FABRIKAM, STRANGERS, CONTOSO.replace("-", ""), "", 7, [CONTOSO], None])
def test_rp_42_tenant_id_and_issuer_agree(op: OidcOp, outbound: Outbound, tid: object) -> None:
    op.switches.claims["tid"] = tid
    assert reason(op, outbound) == "tid"


def test_a_key_of_another_issuer_proves_nobody(op: OidcOp, outbound: Outbound) -> None:
    """Entra's common key set says of a key for personal accounts that it speaks for their tenant only."""
    jwks = [{**op.rsa.as_dict(private=False), "issuer": issuer_of(op, STRANGERS)}]
    op.switches.jwks = encoded(jwks)
    assert reason(op, outbound) == "key"
    op.switches.jwks = encoded([{**jwks[0], "issuer": issuer_of(op, "{tenantid}")}])
    assert party(op, outbound).sign_in().subject == f"{CONTOSO}+{OID}"


def test_rp_59_t15_the_same_address_in_another_tenant_is_another_person(op: OidcOp, outbound: Outbound) -> None:
    """nOAuth: whoever runs a tenant may write anybody's address into it."""
    ana = party(op, outbound).sign_in()
    says(op, FABRIKAM, email="ana@example.com", preferred_username="ana@example.com", upn="ana@example.com")
    mallory = party(op, outbound).sign_in()
    assert (ana.upstream, ana.subject) != (mallory.upstream, mallory.subject)


def test_t15_one_person_is_one_person_whatever_the_pairwise_sub(op: OidcOp, outbound: Outbound) -> None:
    says(op, CONTOSO, sub="pairwise-for-one-client")
    first = party(op, outbound).sign_in()
    says(op, CONTOSO, sub="pairwise-for-another-client", email="changed@example.com")
    assert party(op, outbound).sign_in().subject == first.subject


def test_t16_groups_that_were_left_out_are_known_to_be_missing(op: OidcOp, outbound: Outbound) -> None:
    says(
        op, CONTOSO, _claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "https://graph.windows.net"}}
    )
    identity = party(op, outbound).sign_in()
    idp = IdentityProvider("contoso", "op", "Entra", "oidc", profile("entra"))
    incoming = incoming_of(idp, identity.attributes)
    assert "groups" not in incoming
    assert incoming["_claim_names"] == ("groups",)
    assert not [path for path, _, _ in op.seen if "graph" in path], "RP-70: no address of a claim is fetched"


def test_t17_a_token_without_amr_proves_no_second_factor(op: OidcOp, outbound: Outbound) -> None:
    identity: Identity = party(op, outbound).sign_in()
    assert (identity.amr, identity.acr) == ((), None)
    step_up = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    assert reason(op, outbound, claims_request=step_up) == "claims_request"
    says(op, CONTOSO, acrs=["c1", "c2"])
    assert party(op, outbound, claims_request=step_up).sign_in().attributes["acrs"] == ("c1", "c2")


def test_an_authorization_response_may_name_any_listed_tenant_and_no_other(op: OidcOp, outbound: Outbound) -> None:
    """RFC 9207, should Entra begin to name itself."""
    op.switches.answer["iss"] = issuer_of(op, CONTOSO)
    assert party(op, outbound).sign_in()
    op.switches.answer["iss"] = issuer_of(op, STRANGERS)
    assert reason(op, outbound) == "issuer"


def test_a_stranger_s_signature_is_no_better_for_a_listed_issuer(op: OidcOp, outbound: Outbound) -> None:
    op.switches.sign = lambda head, body: compact(head, body, STRANGER)
    assert reason(op, outbound) == "signature"


def encoded(keys: list[dict[str, object]]) -> bytes:
    return json.dumps({"keys": keys}).encode()
