"""T10: AD FS puts claims into its access token alone, under its second issuer (synthetic)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from broker.connectors.oidc.access_token import CHECKS
from broker.errors import AssertionRejected
from broker.model import Identity
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import RelyingParty, speaking
from tests.idps.oidc_op import OidcOp, compact, half_hash

RESOURCE = "https://broker.example.com/claims"
STRANGER = RSAKey.generate_key(2048, {"kid": "op-rsa", "use": "sig"})


@pytest.fixture(scope="module")
def adfs() -> Iterator[OidcOp]:
    with OidcOp(path="/adfs") as opened:
        yield opened


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def trust_of(op: OidcOp) -> str:
    """The second issuer."""
    return f"{op.issuer}/services/trust"


def sign_in(
    op: OidcOp,
    outbound: Outbound,
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    key: Any = None,
    **settings: Any,
) -> Identity:
    """At an AD FS whose access token says this."""
    now = int(time.time())
    said = {"iss": trust_of(op), "aud": RESOURCE, "appid": op.client_id, "iat": now, "exp": now + 300, "ver": "1.0"}
    said |= {"sub": "pairwise for the resource", "department": "Sales", "name": "Other", "groups": ["A", "B"]}
    kept = {name: value for name, value in {**said, **(claims or {})}.items() if value is not None}
    token = compact({"alg": "RS256", "kid": "op-rsa", "typ": "JWT", **(header or {})}, kept, key or op.rsa)
    op.seen.clear()
    op.switches.metadata["access_token_issuer"] = trust_of(op)
    op.switches.token["access_token"] = token
    op.switches.claims["at_hash"] = half_hash(token)
    wanted = {"resource": RESOURCE, "access_token_claims": True, **settings}
    return RelyingParty(op, outbound, **wanted).sign_in()


def test_t10_its_claims_fill_the_id_token_up(adfs: OidcOp, outbound: Outbound) -> None:
    identity = sign_in(adfs, outbound)
    assert identity.attributes["department"] == ("Sales",)
    assert identity.attributes["groups"] == ("A", "B")
    assert (identity.attributes["name"], identity.subject) == (("Ana",), "ana-1"), "the ID token wins"
    assert adfs.asked("/userinfo") == 0


@pytest.mark.parametrize("aud", [RESOURCE, [RESOURCE], f"microsoft:identityserver:{RESOURCE}"])
def test_a_resource_is_named_as_adfs_names_it(adfs: OidcOp, outbound: Outbound, aud: object) -> None:
    assert sign_in(adfs, outbound, {"aud": aud}).attributes["department"] == ("Sales",)


def test_it_is_not_read_where_nobody_asked_for_it(adfs: OidcOp, outbound: Outbound) -> None:
    assert "department" not in sign_in(adfs, outbound, access_token_claims=False, userinfo="never").attributes


SPOILT: list[tuple[str, dict[str, Any], str]] = [
    ("the first issuer", {"iss": "{op}"}, "access_token_iss"),
    ("another issuer", {"iss": "https://evil.example/adfs/services/trust"}, "access_token_iss"),
    ("another resource", {"aud": "https://other.example"}, "access_token_aud"),
    ("two resources", {"aud": [RESOURCE, "https://other.example"]}, "access_token_aud"),
    ("the default resource", {"aud": "urn:microsoft:userinfo"}, "access_token_aud"),
    ("another client", {"appid": "somebody-else"}, "access_token_appid"),
    ("expired", {"exp": 1}, "access_token_exp"),
    ("without end", {"exp": None}, "access_token_exp"),
    ("from the future", {"iat": 1 << 40}, "access_token_iat"),
]


@pytest.mark.parametrize(("claims", "reason"), [row[1:] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_one_that_is_not_for_us_is_refused(
    adfs: OidcOp, outbound: Outbound, claims: dict[str, Any], reason: str
) -> None:
    if claims.get("iss") == "{op}":
        claims = {"iss": adfs.issuer}
    with pytest.raises(AssertionRejected) as refused:
        sign_in(adfs, outbound, claims)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("header", "key", "reason"),
    [
        ({"typ": "logout+jwt"}, None, "access_token_typ"),
        ({}, STRANGER, "access_token_signature"),
        ({"kid": "unknown"}, None, "access_token_key"),
        ({"alg": "none"}, None, "access_token_alg"),
    ],
)
def test_one_that_is_not_signed_there_is_refused(
    adfs: OidcOp, outbound: Outbound, header: dict[str, Any], key: Any, reason: str
) -> None:
    with pytest.raises(AssertionRejected) as refused:
        sign_in(adfs, outbound, None, header, key)
    assert refused.value.reason == reason


def test_a_provider_without_a_second_issuer_has_no_such_token(adfs: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(adfs, outbound, resource=RESOURCE, access_token_claims=True)
    sign_in(adfs, outbound)
    adfs.switches.metadata["access_token_issuer"] = None
    with pytest.raises(AssertionRejected) as refused:
        party.sign_in()
    assert refused.value.reason == "access_token_iss"


def test_without_an_access_token_nobody_is_signed_in(adfs: OidcOp, outbound: Outbound) -> None:
    sign_in(adfs, outbound)
    adfs.switches.token["access_token"] = None
    adfs.switches.claims["at_hash"] = None
    with pytest.raises(AssertionRejected) as refused:
        RelyingParty(adfs, outbound, resource=RESOURCE, access_token_claims=True).sign_in()
    assert refused.value.reason == "access_token"


def test_every_check_of_the_column_has_its_case() -> None:
    assert {reason for reason, _ in CHECKS} == {reason for _, _, reason in SPOILT}
