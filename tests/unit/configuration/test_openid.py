"""What a connector is told of an upstream that speaks OAuth 2.0: profile, file, and what follows from both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from broker import configuration
from broker.configuration.entra import CONSUMERS
from broker.model import IdentityProvider, OAuth2Settings, OidcSettings

from .folders import write
from .test_good_examples import loaded

CONTOSO = "11111111-2222-3333-4444-555555555555"
FABRIKAM = "22222222-2222-3333-4444-555555555555"
AT = "https://login.microsoftonline.com"
KEYED = {"client_id": "a", "client_auth": "private_key_jwt"}


def provider(folder: Path, **keys: Any) -> IdentityProvider:
    """The one IdP of a folder that `config check` has nothing to say about."""
    tenant = {"id": "contoso", "identity_providers": [{"id": "up", **keys}]}
    write(folder, {"tenants/contoso.yaml": json.dumps(tenant)})
    environ = {"SECRET": "the secret of the upstream"}
    assert configuration.check(folder, environ) == []
    return loaded(folder, environ).tenants["contoso"].identity_providers["up"]


def oidc(folder: Path, **keys: Any) -> OidcSettings:
    settings = provider(folder, protocol="oidc", **{**KEYED, **keys}).oidc
    assert settings is not None
    return settings


def oauth2(folder: Path, **keys: Any) -> OAuth2Settings:
    secret = {"client_id": "a", "client_secret": {"env": "SECRET"}}
    settings = provider(folder, protocol="oauth2", **{**secret, **keys}).oauth2
    assert settings is not None
    return settings


@pytest.mark.parametrize(
    ("issuer", "tids", "authority"),
    [
        ("{tenantid}", [CONTOSO, FABRIKAM], "organizations"),
        ("{tenantid}", [CONTOSO, CONSUMERS], "common"),
        ("common", [CONTOSO], "common"),
        ("organizations", [CONTOSO], "organizations"),
    ],
)
def test_t12_a_template_becomes_a_closed_list_of_issuers(
    tmp_path: Path, issuer: str, tids: list[str], authority: str
) -> None:
    settings = oidc(tmp_path, vendor="entra", issuer=f"{AT}/{issuer}/v2.0", allowed_tids=tids)
    assert settings.of_many_tenants
    assert settings.issuer == f"{AT}/{{tenantid}}/v2.0"
    assert settings.issuers == tuple(f"{AT}/{tid}/v2.0" for tid in tids)
    assert settings.discovery == f"{AT}/{authority}/v2.0/.well-known/openid-configuration"


def test_one_tenant_is_one_issuer_and_a_discovery_address_keeps_its_query(tmp_path: Path) -> None:
    discovery = f"{AT}/{CONTOSO}/v2.0/.well-known/openid-configuration?appid=a"
    settings = oidc(tmp_path, vendor="entra", issuer=f"{AT}/{CONTOSO}/v2.0", discovery=discovery)
    assert (settings.of_many_tenants, settings.issuers, settings.discovery) == (False, (), discovery)


@pytest.mark.parametrize(
    ("vendor", "more", "expected"),
    [
        ("entra", {}, ("PS256", "x5t#S256")),
        ("adfs", {}, ("RS256", "x5t")),
        ("generic", {}, ("RS256", None)),
        ("entra", {"client_assertion": {"alg": "RS256", "thumbprint": "none"}}, ("RS256", None)),
        ("generic", {"client_assertion": {"thumbprint": "x5t"}}, ("RS256", "x5t")),
    ],
)
def test_an_assertion_is_signed_as_the_vendor_wants_it(
    tmp_path: Path, vendor: str, more: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    settings = oidc(tmp_path, vendor=vendor, issuer="https://idp.example.com", **more)
    assert (settings.client_auth, settings.assertion_alg, settings.thumbprint) == ("private_key_jwt", *expected)


def test_google_and_microsoft_have_one_issuer_for_everybody(tmp_path: Path) -> None:
    google = oidc(tmp_path / "g", vendor="google", hosted_domains=["Contoso.com"])
    assert google.issuers == ("https://accounts.google.com", "accounts.google.com")
    assert google.hosted_domains == ("contoso.com",)
    personal = provider(tmp_path / "m", protocol="oidc", vendor="microsoft", **KEYED)
    assert personal.oidc is not None
    assert personal.oidc.issuer == f"{AT}/{CONSUMERS}/v2.0"
    assert personal.profile.subject == ("tid+oid",)


def test_anybody_at_google_is_a_choice_that_is_written_down(tmp_path: Path) -> None:
    assert oidc(tmp_path, vendor="google", hosted_domains=[]).hosted_domains == ()


def test_step_up_and_further_parameters_reach_the_request(tmp_path: Path) -> None:
    asked = {"id_token": {"acrs": {"essential": True, "value": "c1"}}}
    settings = oidc(
        tmp_path,
        issuer="https://idp.example.com",
        claims_request=asked,
        acr_values=["urn:mfa"],
        resource="urn:broker",
        access_token_claims=True,
        response_mode="form_post",
        authorize={"domain_hint": "contoso.com", "prompt": "select_account"},
    )
    assert json.loads(settings.claims_request or "") == asked
    assert (settings.acr_values, settings.resource, settings.response_mode) == (("urn:mfa",), "urn:broker", "form_post")
    assert settings.access_token_claims
    assert settings.authorize == {"domain_hint": "contoso.com", "prompt": "select_account"}


def test_github_is_data(tmp_path: Path) -> None:
    settings = oauth2(tmp_path, vendor="github")
    assert (settings.upstream, settings.scopes) == ("https://github.com", ("read:user", "user:email"))
    assert settings.token_endpoint == "https://github.com/login/oauth/access_token"
    assert settings.emails_endpoint == "https://api.github.com/user/emails"
    assert settings.client_auth == "client_secret_post"


def test_facebook_is_data_and_vouches_for_no_address(tmp_path: Path) -> None:
    settings = oauth2(tmp_path, vendor="facebook")
    assert settings.token_proof == "appsecret_proof"
    assert (settings.upstream, settings.emails_endpoint) == ("https://www.facebook.com", None)


def test_another_server_of_a_vendor_is_another_upstream(tmp_path: Path) -> None:
    """GitHub Enterprise Server: none of its people is one of github.com's, and no token goes there."""
    at = {"authorization": "https://git.contoso.com/a", "token": "https://git.contoso.com/t"}
    settings = oauth2(tmp_path, vendor="github", endpoints={**at, "profile": "https://git.contoso.com/p"})
    assert settings.upstream == "https://git.contoso.com/a"
    assert settings.emails_endpoint is None


def test_a_fingerprint_follows_every_setting(tmp_path: Path) -> None:
    """A connector is built anew when anything changes that it is built from."""
    plain = {"protocol": "oauth2", "vendor": "github", "client_id": "a", "client_secret": {"env": "SECRET"}}
    changes: list[dict[str, Any]] = [{}, {"scopes": ["user"]}, {"authorize": {"allow_signup": "false"}}]
    made = [provider(tmp_path / str(n), **plain, **change).fingerprint for n, change in enumerate(changes)]
    assert len(set(made)) == 3


def test_signing_out_there_too_is_for_the_operator_to_say(tmp_path: Path) -> None:
    where = {"issuer": "https://idp.example.com"}
    assert oidc(tmp_path / "a", **where).logout == "local"
    assert oidc(tmp_path / "b", **where, logout="upstream").logout == "upstream"
