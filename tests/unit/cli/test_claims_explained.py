"""`broker claims try --explain`: which row of the vendor profile made what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.cli import main

UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
TENANT = """\
id: contoso
identity_providers:
  - {id: adfs, protocol: saml, vendor: adfs, metadata: {url: "https://adfs.contoso.com/md"}}
  - {id: kc, protocol: oidc, vendor: keycloak, issuer: "https://kc.contoso.com", client_id: our-app, client_auth: none}
roles: [admin]
claims:
  - roles: {from: incoming.roles, map: {admin: admin}}
"""
SENT = {
    "name_id": "anna@contoso.com",
    "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "attributes": {UPN: ["anna@contoso.com"], "http://schemas.microsoft.com/claims/authnmethodsreferences": [MULTIPLE]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "contoso.yaml").write_text(TENANT)
    (tmp_path / "broker.yaml").write_text("issuer: https://login.example.com\n")
    return tmp_path


def tried(folder: Path, idp: str, sent: object, *flags: str) -> list[str]:
    (folder / "input.json").write_text(json.dumps(sent))
    known = ["--config", str(folder), "--tenant", "contoso", "--idp", idp, "--input", str(folder / "input.json")]
    return ["claims", "try", *known, "--explain", *flags]


def test_rows_subject_and_evidence_are_told_before_the_rules(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tried(folder, "adfs", SENT, "--raw")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Incoming:"
    assert f'  {UPN} -> "upn" text (adfs: claim_names: {UPN}: upn; adfs: types)' in lines
    assert "  name_id: nothing [subject_mutable]" in lines
    assert "Methods: mfa" in lines
    assert lines.index("Methods: mfa") < lines.index("Allowed.")


def test_json_has_the_same_and_the_contract_s_members(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent = {"sub": "u-1", "realm_access": {"roles": ["admin"]}, "resource_access": {"our-app": {"roles": ["x"]}}}
    assert main(tried(folder, "kc", sent, "--raw", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["roles"] == ["admin"]
    assert answer["explained"]["subject"] == [
        {"candidate": "name_id", "gives": "nothing [subject]"},
        {"candidate": "sub", "gives": "u-1"},
    ]
    names = {row["sent"]: row["name"] for row in answer["explained"]["incoming"]}
    assert names["realm_access.roles"] == "roles"
    assert names["resource_access.our-app.roles"] == "client_roles"


def test_short_names_need_no_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tried(folder, "adfs", {"department": "Sales"})) == 0
    out = capsys.readouterr().out
    assert '  department -> "department" text (it is a short name; adfs: types)' in out
    assert "Known by:" not in out


def test_without_the_flag_nothing_is_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = [word for word in tried(folder, "adfs", SENT, "--raw", "--json") if word != "--explain"]
    assert main(argv) == 0
    assert "explained" not in json.loads(capsys.readouterr().out)
