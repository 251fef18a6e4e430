"""`broker config plan`, `apply`, `history`, `rollback`: what an operator reads, and what a pipeline gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.cli import main

TENANT = """id: contoso
identity_providers:
  - {id: entra, protocol: oidc, issuer: "https://idp.example", client_id: x, client_secret: {env: A}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BROKER_DATABASE_URL", f"sqlite:///{tmp_path}/broker.db")
    monkeypatch.delenv("BROKER_ENCRYPTION_KEY", raising=False)
    monkeypatch.setenv("A", "a-secret-of-the-upstream")
    (tmp_path / "config/tenants").mkdir(parents=True)
    (tmp_path / "config/broker.yaml").write_text("issuer: https://login.example.com\n")
    (tmp_path / "config/tenants/contoso.yaml").write_text(TENANT)
    return tmp_path / "config"


def test_a_plan_against_nothing_makes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "plan", str(folder)]) == 0
    assert capsys.readouterr().out == "+ tenant contoso\nAgainst an empty store: 1 tenant added.\n"
    assert not (folder.parent / "broker.db").exists()


def test_a_plan_says_each_key_and_what_needs_a_restart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "apply", str(folder)]) == 0
    (folder / "tenants/contoso.yaml").write_text(TENANT.replace("env: A", "env: B") + "name: Contoso\n")
    capsys.readouterr()
    assert main(["config", "plan", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "~ tenant contoso",
        "    identity_providers[entra].client_secret.env: A -> B",
        "    name: + Contoso",
        "! the environment variable B is new: restart the servers after setting it",
    ]
    assert "the environment variable B is not set" in lines[4]
    assert lines[5:] == ["Against revision 1: 1 tenant changed."]


def test_nothing_to_do_is_said_and_is_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "apply", str(folder)])
    capsys.readouterr()
    assert main(["config", "plan", str(folder)]) == 0
    assert main(["config", "apply", str(folder)]) == 0
    assert main(["config", "rollback", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "No difference to revision 1.",
        "The folder is what revision 1 holds; nothing was changed.",
        "Revision 1 is live and has that content already; nothing was changed.",
    ]


def test_a_broken_folder_is_bad_configuration_for_plan_and_apply(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tenants/contoso.yaml").write_text(TENANT + "nickname: C\n")
    for verb in ("plan", "apply"):
        assert main(["config", verb, str(folder), "--json"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "tenants/contoso.yaml:4:1: nickname" in said.err


def test_what_is_no_plan_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "apply", str(folder)])
    (folder / "tenants/contoso.yaml").write_text(TENANT + "name: Contoso\n")
    for content in ("", "[]", '{"live": 0}'):
        (folder / "plan.json").write_text(content)
        assert main(["config", "apply", str(folder), "--plan", str(folder / "plan.json")]) == 1
        assert "is no plan" in capsys.readouterr().err
    capsys.readouterr()
    main(["config", "history", "--json"])
    assert [one["revision"] for one in json.loads(capsys.readouterr().out)] == [1]


def test_a_revision_that_never_was_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "apply", str(folder)])
    capsys.readouterr()
    assert main(["config", "rollback", "7", "--json"]) == 1
    said = capsys.readouterr()
    assert (said.out, "There is no revision 7" in said.err) == ("", True)


def test_history_names_who_and_what_and_the_live_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "apply", str(folder), "--by", "ann"])
    capsys.readouterr()
    main(["config", "history"])
    line = capsys.readouterr().out
    assert line.split()[0] == "1"
    assert line.endswith("  ann  1 tenant added  (live)\n")
