"""Where several factors are wanted, the administrator is asked to send what proves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.configuration import profile
from broker.handout.wanted import wanted
from broker.model import IdentityProvider, MultiFactor, SignInPolicy, Tenant

ADFS = IdentityProvider("contoso", "adfs", "AD FS", "saml", profile("adfs"))
ENTRA = IdentityProvider("contoso", "entra", "Entra", "oidc", profile("entra"))
ASKING = SignInPolicy(require_mfa=True)


def asked(idp: IdentityProvider, policy: SignInPolicy) -> set[str]:
    return {one.claim for one in wanted(Tenant("contoso", "Contoso", {idp.id: idp}, sign_in=policy), idp)}


@pytest.mark.parametrize("policy", [ASKING, SignInPolicy(clients={"web": ASKING})])
def test_proof_of_several_factors_is_asked_for(policy: SignInPolicy) -> None:
    assert "amr" in asked(ADFS, policy)
    assert "acrs" in asked(replace(ENTRA, mfa=MultiFactor(acrs=("c1",))), policy)


def test_what_never_comes_and_what_nobody_needs_is_not() -> None:
    assert not {"amr", "acrs"} & (asked(ENTRA, ASKING) | asked(ADFS, SignInPolicy()))
