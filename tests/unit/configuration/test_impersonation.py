"""`impersonation` of a tenant and of a client: off unless both say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.model import Configuration, Impersonation

from .folders import write

SECRET = {"DESK": "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"}
TENANT = "id: a\nroles: [helpdesk, admin]\nidentity_providers:\n  - {id: i, protocol: saml, metadata: {url: 'https://i.example.com/md'}}\n"
CLIENT = (
    "client_id: desk\nauth: {method: client_secret_basic, secret: {env: DESK}}\n"
    "redirect_uris: [https://desk.example.com/cb]\n"
    "grant_types: [authorization_code, 'urn:ietf:params:oauth:grant-type:token-exchange']\n"
)


def loaded(folder: Path, tenant: str, client: str = "") -> Configuration:
    write(folder, {"tenants/a.yaml": TENANT + tenant, "clients/desk.yaml": CLIENT + client})
    assert configuration.check(folder, SECRET) == []
    return load(read_folder(folder), load_deployment(folder, {}), environ=SECRET, revision=0)


@pytest.mark.parametrize("said", ["", "impersonation: false\n", "impersonation: {allowed: false}\n"])
def test_it_is_off_unless_it_is_allowed(tmp_path: Path, said: str) -> None:
    found = loaded(tmp_path, said)
    assert found.tenants["a"].impersonation is None
    assert not found.clients["desk"].impersonation


def test_an_operators_role_alone_switches_nothing_on(tmp_path: Path) -> None:
    assert loaded(tmp_path, "impersonation: {operators: {role: helpdesk}}\n").tenants["a"].impersonation is None


def test_what_a_tenant_allows(tmp_path: Path) -> None:
    said = "impersonation: {allowed: true, operators: {role: helpdesk}}\n"
    found = loaded(tmp_path, said, "impersonation: true\n")
    assert found.tenants["a"].impersonation == Impersonation("helpdesk", (), second_person=False, longest=1800)
    assert found.clients["desk"].impersonation
    more = "impersonation: {allowed: true, operators: {role: helpdesk}, never_roles: [admin], approval: second_person"
    found = loaded(tmp_path, f"{more}, max: 5m}}\n")
    assert found.tenants["a"].impersonation == Impersonation("helpdesk", ("admin",), second_person=True, longest=300)


def test_the_schema_knows_that_false_is_enough() -> None:
    definitions = configuration.schema()["$defs"]
    assert isinstance(definitions, dict)
    assert {"const": False} in definitions["TenantShape"]["properties"]["impersonation"]["anyOf"]
