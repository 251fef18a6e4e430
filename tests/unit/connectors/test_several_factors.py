"""How each protocol asks for several factors, and that what the operator asks for anyway stays."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from broker.configuration import profile
from broker.connectors.oidc.authorization_request import parameters
from broker.connectors.wsfed import WsFedConnector
from broker.model import AuthRequest, IdentityProvider, MetadataSource, MultiFactor, OidcSettings, WsFedSettings
from tests.attacks.saml.harness import surroundings
from tests.attacks.wsfed.harness import document, idp_of
from tests.unit.connectors.test_wsfed import asked as asked_by_wsfed

MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
REQUEST = AuthRequest("id", "web", "https://app.example.com/cb", ("openid",), 1_800_000_000, multi_factor=True)


def asked(vendor: str, *, mfa: MultiFactor | None = None, request: AuthRequest = REQUEST, **settings: Any) -> Any:
    oidc = OidcSettings("https://op.example.com", "us", **settings)
    idp = IdentityProvider("contoso", "op", "OP", "oidc", profile(vendor), oidc=oidc, mfa=mfa)
    return parameters(idp, oidc, request, nonce="n", verifier="v" * 43)


@pytest.mark.parametrize(
    ("vendor", "name", "value"),
    [
        ("okta", "acr_values", "urn:okta:loa:2fa:any"),
        ("shibboleth", "acr_values", "https://refeds.org/profile/mfa"),
        ("adfs", "amr_values", "ngcmfa"),
    ],
)
def test_the_vendor_s_way(vendor: str, name: str, value: str) -> None:
    assert asked(vendor)[name] == value
    assert name not in asked(vendor, request=replace(REQUEST, multi_factor=False))


@pytest.mark.parametrize("vendor", ["generic", "entra", "google", "keycloak"])
def test_who_has_no_way_is_asked_nothing(vendor: str) -> None:
    assert not {"acr_values", "claims", "amr_values"} & set(asked(vendor))


def test_what_the_operator_says_means_several_factors_is_asked_for() -> None:
    assert asked("keycloak", mfa=MultiFactor(acr=("2", "3")))["acr_values"] == "2 3"


def test_an_acr_that_is_always_asked_for_stays() -> None:
    assert asked("okta", acr_values=("urn:own",))["acr_values"] == "urn:own"


def test_contexts_join_the_other_claims() -> None:
    configured = json.dumps({"access_token": {"xms_cc": {"values": ["cp1"]}}, "id_token": {"email": {}}})
    claims = json.loads(asked("entra", mfa=MultiFactor(acrs=("c1", "c2")), claims_request=configured)["claims"])
    assert claims["access_token"] == {"xms_cc": {"values": ["cp1"]}}
    assert claims["id_token"] == {"email": {}, "acrs": {"essential": True, "values": ["c1", "c2"]}}


def test_contexts_that_are_always_asked_for_stay() -> None:
    configured = json.dumps({"id_token": {"acrs": {"essential": True, "value": "c9"}}})
    claims = json.loads(asked("entra", mfa=MultiFactor(acrs=("c1",)), claims_request=configured)["claims"])
    assert claims["id_token"]["acrs"]["value"] == "c9"


@pytest.mark.parametrize(("settings", "wauth"), [({}, MULTIPLE), ({"wauth": "urn:own"}, "urn:own")])
def test_ws_federation_asks_by_its_one_method(settings: dict[str, str], wauth: str) -> None:
    """[MS-MWBF] §2.2.3; a configured one stays."""
    known = WsFedSettings(MetadataSource(document=document()), **settings)  # type: ignore[arg-type]  # its fields
    idp = replace(idp_of(known), profile=profile("adfs"))
    assert asked_by_wsfed(REQUEST, WsFedConnector(idp, surroundings()))["wauth"] == wauth
