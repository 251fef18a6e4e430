"""`broker claims try`: the contract's answer and exit codes (sections 4 and 5)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.cli import claims
from broker.errors import BrokerError

TENANT = """
id: contoso
home_realm: {email_domains: [contoso.com]}
identity_providers:
  - {id: entra, protocol: oidc, issuer: "https://idp.contoso.com", client_id: c, client_secret: {env: UNSET_SECRET}}
  - {id: adfs, protocol: saml, vendor: generic, metadata: {url: "https://adfs.contoso.com/metadata"}}
roles: [admin, approver, viewer]
claims:
  - set: {department: incoming.department}
  - roles: {from: incoming.groups, map: {Admins: admin, Finance: approver}}
  - role: viewer
    when: size(incoming.groups) > 0
  - deny: Contractors sign in through the partner portal.
    when: has(incoming.employee_type) && incoming.employee_type == "contractor"
"""
CLIENT = """
client_id: expenses
redirect_uris: ["https://expenses.example.com/callback"]
auth: {method: none}
scopes: [openid, email]
claims: [department]
roles: [admin]
tenants: [contoso]
"""
OTHER = 'client_id: other\nredirect_uris: ["https://o.example.com/"]\nauth: {method: none}\ntenants: [fabrikam]\n'
FABRIKAM = """
id: fabrikam
identity_providers:
  - {id: idp, protocol: oidc, issuer: "https://idp.fabrikam.com", client_id: c, client_secret: {env: UNSET_SECRET}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    files = {
        "broker.yaml": "issuer: https://login.example.com\ndatabase: sqlite:///x.db\n",
        "tenants/contoso.yaml": TENANT,
        "tenants/fabrikam.yaml": FABRIKAM,
        "clients/expenses.yaml": CLIENT,
        "clients/other.yaml": OTHER,
    }
    for name, text in files.items():
        (config / name).parent.mkdir(parents=True, exist_ok=True)
        (config / name).write_text(text, encoding="utf-8")
    return config


def attempt(folder: Path, given: object, *extra: str, idp: str = "entra", tenant: str = "contoso") -> int:
    (folder / "input.json").write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    parser = argparse.ArgumentParser()
    claims.add(parser.add_subparsers())
    asked = ["claims", "try", "--config", str(folder), "--tenant", tenant, "--idp", idp]
    args = parser.parse_args([*asked, "--input", str(folder / "input.json"), *extra])
    code: int = args.run(args)
    return code


def answer(folder: Path, given: object, capsys: pytest.CaptureFixture[str], *extra: str, idp: str = "entra") -> tuple:
    code = attempt(folder, given, "--json", *extra, idp=idp)
    return code, json.loads(capsys.readouterr().out)


def test_an_allowed_try_answers_every_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(folder, {"department": "IT", "groups": ["Admins"], "email": "a@contoso.com"}, capsys)
    assert code == 0
    assert found["outcome"] == "allowed"
    assert found["reason"] is None
    assert found["claims"] == {"department": "IT", "email": "a@contoso.com", "email_verified": False}
    assert found["roles"] == ["admin", "viewer"]
    assert found["rules"] == [
        {"rule": 1, "kind": "set", "applied": True, "reason": None, "output": {"department": "IT"}},
        {"rule": 2, "kind": "roles", "applied": True, "reason": None, "output": ["admin"]},
        {"rule": 3, "kind": "role", "applied": True, "reason": None, "output": ["viewer"]},
        {"rule": 4, "kind": "deny", "applied": False, "reason": "when is false", "output": None},
    ]


def test_a_denied_try_exits_1_with_the_rules_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(folder, {"employee_type": "contractor", "groups": ["Admins"]}, capsys)
    assert code == 1
    assert (found["outcome"], found["check"]) == ("denied", "rule_denied")
    assert found["reason"] == "Contractors sign in through the partner portal."
    assert (found["claims"], found["roles"]) == ({}, [])


def test_one_value_of_a_list_may_be_written_without_brackets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(folder, {"groups": "Finance"}, capsys)[1]["roles"] == ["approver", "viewer"]


def test_incoming_claims_are_short_names_already(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(folder, {"mail": "a@contoso.com"}, capsys)[1]["claims"] == {}


def test_raw_oidc_claims_pass_the_vendor_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = {
        "iss": "https://idp.contoso.com",
        "sub": "1",
        "email": "a@contoso.com",
        "email_verified": True,
        "memberOf": ["Finance", None],
        "nonce": None,
    }
    _, found = answer(folder, token, capsys, "--raw")
    assert found["claims"] == {"email": "a@contoso.com", "email_verified": True}
    assert found["roles"] == ["approver", "viewer"]


def test_raw_saml_attributes_pass_the_vendor_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent = {
        "name_id": "abc",
        "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "attributes": {"urn:oid:0.9.2342.19200300.100.1.3": ["a@contoso.com"], "memberOf": ["Admins", "x"]},
    }
    _, found = answer(folder, sent, capsys, "--raw", idp="adfs")
    assert found["claims"] == {"email": "a@contoso.com", "email_verified": True}
    assert found["roles"] == ["admin", "viewer"]


@pytest.mark.parametrize("said", ["false", "0", ""])
def test_saml_verifies_no_address_that_the_idp_doubts(
    folder: Path, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    sent = {"attributes": {"mail": ["a@contoso.com"], "email_verified": [said]}}
    assert answer(folder, sent, capsys, "--raw", idp="adfs")[1]["claims"]["email_verified"] is False


def test_a_dropped_address_is_noted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = answer(folder, {"email": "a@elsewhere.com"}, capsys)[1]["notes"]
    assert notes == ["email is outside the tenant's email_domains and was dropped"]


def test_a_client_sees_its_own_claims_and_roles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"name": "Ann", "department": "IT", "groups": ["Admins", "Finance"]}
    _, found = answer(folder, given, capsys, "--client", "expenses")
    assert found["claims"] == {"department": "IT"}
    assert found["roles"] == ["admin"]


def test_a_client_of_other_tenants_is_denied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(folder, {}, capsys, "--client", "other")
    assert (code, found["outcome"], found["check"]) == (1, "denied", "client_tenant")


def test_a_control_character_denies_as_at_sign_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(folder, {"groups": ["a\x00"]}, capsys)
    assert (code, found["check"]) == (1, "claim_value")


def test_without_json_people_can_read_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attempt(folder, {"groups": ["Admins"]}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Allowed.",
        "  rule 1  set    not applied (department: incoming.department is absent)",
        '  rule 2  roles  ["admin"]',
        '  rule 3  role   ["viewer"]',
        "  rule 4  deny   not applied (when is false)",
        "Claims: none",
        "Roles: admin, viewer",
    ]


@pytest.mark.parametrize(
    ("given", "extra", "reason"),
    [
        ("[1]", (), "input"),
        ("{", (), "input"),
        ({"groups": [["nested"]]}, (), "input"),
        ({"email": "a@contoso.com"}, ("--raw", "--idp", "adfs"), "input"),
        ({"attributes": []}, ("--raw", "--idp", "adfs"), "input"),
        ({}, ("--tenant", "nobody"), "tenant_unknown"),
        ({}, ("--idp", "nobody"), "idp_unknown"),
        ({}, ("--client", "nobody"), "client_unknown"),
    ],
)
def test_bad_usage_is_an_error_that_main_turns_into_exit_2(
    folder: Path, given: object, extra: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(BrokerError) as raised:
        attempt(folder, given, *extra)
    assert raised.value.reason == reason


def test_a_missing_file_is_bad_usage(folder: Path) -> None:
    with pytest.raises(BrokerError) as raised:
        attempt(folder, {}, "--input", str(folder / "missing.json"))
    assert raised.value.reason == "input"


HOOK = 'enrich: {hook: {url: "https://people.contoso.com/", claims: {department: text, level: number}}}\n'


def test_the_hook_is_not_asked_and_the_input_stands_for_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tenants/contoso.yaml").write_text(TENANT + HOOK, encoding="utf-8")
    _, found = answer(folder, {"department": "IT", "groups": ["Admins"]}, capsys)
    assert found["claims"]["department"] == "IT"
    assert found["notes"] == ["the tenant's hook is not asked: this is as if it had said department as the input does"]
    _, found = answer(folder, {"department": "IT", "groups": ["Admins"]}, capsys, "--raw")
    assert "department" not in found["claims"]
    assert found["notes"] == ["the tenant's hook is not asked: this is as if it had said nothing"]
