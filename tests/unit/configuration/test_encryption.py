"""`encryption` and `sp_key` of a SAML identity provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration
from broker.configuration.profiles import vendors
from broker.model import SamlSettings
from tests.unit.configuration.folders import write

TENANT = """\
id: contoso
identity_providers:
  - id: idp
    protocol: saml
    vendor: {vendor}
    metadata: {{url: "https://idp.example.com/md"}}
{more}
"""


def settings(folder: Path, vendor: str, *more: str) -> SamlSettings:
    lines = "\n".join(f"    {line}" for line in more)
    write(folder, {"tenants/contoso.yaml": TENANT.format(vendor=vendor, more=lines)})
    deployment = configuration.load_deployment(folder, {})
    loaded = configuration.load(configuration.read_folder(folder), deployment, environ={}, revision=0)
    saml = loaded.tenants["contoso"].identity_providers["idp"].saml
    assert saml is not None
    return saml


@pytest.mark.parametrize("vendor", ["adfs", "entra", "generic", "google", "keycloak", "okta", "ping", "shibboleth"])
def test_cbc_is_allowed_to_vendors_that_encrypt_with_it_unasked(tmp_path: Path, vendor: str) -> None:
    assert vendor in vendors()
    assert settings(tmp_path, vendor).allow_cbc is (vendor in {"adfs", "shibboleth"})


@pytest.mark.parametrize(("vendor", "said"), [("generic", True), ("adfs", False)])
def test_operator_decides_otherwise(tmp_path: Path, vendor: str, said: bool) -> None:
    assert settings(tmp_path, vendor, f"encryption: {{allow_cbc: {str(said).lower()}}}").allow_cbc is said


@pytest.mark.parametrize(("more", "own"), [((), False), (("sp_key: deployment",), False), (("sp_key: own",), True)])
def test_own_key_pair_is_a_choice(tmp_path: Path, more: tuple[str, ...], own: bool) -> None:
    assert settings(tmp_path, "generic", *more).own_key is own
