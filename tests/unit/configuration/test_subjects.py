"""`subject:` in its three forms, and what the profile says where it is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.model import IdentityProvider

from .folders import write

GUID = "http://schemas.microsoft.com/identity/claims/onpremobjectguid"
UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"


def loaded(folder: Path, vendor: str, more: str) -> IdentityProvider:
    text = f"id: a\nidentity_providers:\n  - id: idp\n    protocol: saml\n    vendor: {vendor}\n"
    text += f"    metadata: {{url: 'https://idp.example.com/md'}}\n{more}"
    write(folder, {"tenants/a.yaml": text})
    assert [problem for problem in configuration.check(folder, {}) if not problem.warning] == []
    found = load(read_folder(folder), load_deployment(folder, {}), environ={}, revision=0)
    return found.tenants["a"].identity_providers["idp"]


@pytest.mark.parametrize(
    ("vendor", "more", "candidates", "accepts"),
    [
        ("adfs", "", (), False),
        ("adfs", f"    subject: {GUID}\n", (GUID,), False),
        ("adfs", f"    subject: [{GUID}, name_id]\n", (GUID, "name_id"), False),
        ("adfs", f"    subject: {{from: {UPN}, accept_mutable: true}}\n", (UPN,), True),
        ("adfs", "    subject: {accept_mutable: true}\n", (), True),
        ("okta", "", (), True),
        ("okta", "    subject: {accept_mutable: false}\n", (), False),
    ],
)
def test_the_forms_of_subject(
    tmp_path: Path, vendor: str, more: str, candidates: tuple[str, ...], accepts: bool
) -> None:
    idp = loaded(tmp_path, vendor, more)
    assert idp.saml is not None
    assert (idp.saml.subject, idp.accept_mutable) == (candidates, accepts)


def test_the_schema_knows_the_short_forms() -> None:
    definitions = configuration.schema()["$defs"]
    assert isinstance(definitions, dict)
    forms = definitions["IdentityProviderShape"]["properties"]["subject"]["anyOf"]
    assert {"type": "string"} in forms
