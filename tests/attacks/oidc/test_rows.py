"""Every row of the relying party's table is refused for its own reason, and before the code is sent if it can be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.errors import AssertionRejected
from broker.outbound import Outbound
from tests.attacks.oidc.cases import BEFORE_THE_CODE, CASES, Case
from tests.attacks.oidc.relying_party import RelyingParty, speaking
from tests.idps.oidc_op import OidcOp, Switches

KNOWN_PATHS = {"/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"}


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcOp]:
    with OidcOp() as op:
        yield op


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


@pytest.fixture
def op(provider: OidcOp) -> OidcOp:
    provider.switches = Switches()
    provider.seen.clear()
    return provider


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_answer_is_refused_for_its_own_reason(case: Case, op: OidcOp, outbound: Outbound) -> None:
    case.spoil(op)
    party = RelyingParty(op, outbound, algorithms=case.algorithms)
    with pytest.raises(AssertionRejected) as rejected:
        party.sign_in(case.method, prompt=frozenset({case.prompt} if case.prompt else ()))
    assert rejected.value.reason == case.reason
    assert op.asked("/token") == (0 if case.reason in BEFORE_THE_CODE else 1)
    assert {path for path, _, _ in op.seen} <= KNOWN_PATHS
    shown = f"{rejected.value.public} {rejected.value.detail}"
    assert len(shown) < 400
    assert shown.isprintable()
    assert "<" not in shown


def test_without_a_spoil_the_same_provider_signs_people_in(op: OidcOp, outbound: Outbound) -> None:
    assert RelyingParty(op, outbound).sign_in().subject == "ana-1"
    assert RelyingParty(op, outbound).sign_in(prompt=frozenset({"login"})).subject == "ana-1"
