"""`broker tenant handout`: every format, the store's certificate, and what it refuses."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest

from broker import configuration
from broker.app.prepare import open_store, prepare
from broker.cli import main

TENANT = """\
id: contoso
identity_providers:
  - {id: adfs, protocol: saml, vendor: adfs, metadata: {url: "https://adfs.contoso.com/md"}}
  - {id: op, protocol: oidc, issuer: "https://op.contoso.com", client_id: broker, client_secret: {env: UPSTREAM}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BROKER_DATABASE_URL", "BROKER_ISSUER", "BROKER_ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UPSTREAM", "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6")
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "contoso.yaml").write_text(TENANT)
    (tmp_path / "broker.yaml").write_text(
        f"issuer: https://login.example.com\ndatabase: sqlite:///{tmp_path}/broker.db\n"
    )
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["tenant", "handout", *argv]) == 0
    return capsys.readouterr().out


def test_without_a_store_nothing_is_made_and_the_metadata_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = said(capsys, "contoso", "--config", str(folder), "--idp", "adfs")
    assert "It is in our metadata, https://login.example.com/t/contoso/saml/adfs/metadata." in page
    assert not (folder / "broker.db").exists()
    assert not (folder / "broker.db.key").exists()


def test_the_store_s_certificate_is_printed_and_its_key_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(folder, {"UPSTREAM": "x"})
    page = said(capsys, "contoso", "--config", str(folder), "--idp", "adfs")
    deployment = configuration.load_deployment(folder, {})
    store, _ = open_store(deployment, {}, lambda: 0.0)
    try:
        (key,) = store.deployment.keys("sp")
    finally:
        store.close()
    assert key.public.strip() in page
    assert ssl.PEM_cert_to_DER_cert(key.public)
    assert "PRIVATE" not in page


def test_a_script_is_printed_on_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = said(capsys, "contoso", "--config", str(folder), "--format", "powershell")
    assert script.startswith("# Relying party trust for login.example.com, tenant contoso.")
    assert "Add-AdfsRelyingPartyTrust @trust" in script


def test_text_has_no_marks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "contoso", "--config", str(folder), "--format", "text")
    assert text.startswith("contoso: AD FS signs in to login.example.com\n")
    assert "`https://" not in text
    assert "```" not in text


def test_json_has_every_identity_provider(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(said(capsys, "contoso", "--config", str(folder), "--json"))
    assert [(one["idp"], one["vendor"], one["protocol"]) for one in answer] == [
        ("adfs", "adfs", "saml"),
        ("op", "generic", "oidc"),
    ]
    assert answer[0]["values"]["acs"] == "https://login.example.com/t/contoso/saml/adfs/acs"
    assert answer[1]["values"]["callback"] == "https://login.example.com/t/contoso/oidc/op/callback"
    assert answer[1]["powershell"] is None
    assert "q8Zx0vTn" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["nobody"], "tenant_unknown"),
        (["contoso", "--idp", "x"], "idp_unknown"),
        (["contoso", "--idp", "op", "--format", "powershell"], "no_script"),
    ],
)
def test_what_is_not_there_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], reason: str
) -> None:
    assert main(["tenant", "handout", *argv, "--config", str(folder)]) == 2
    assert f"[{reason}]" in capsys.readouterr().err
