"""`broker keys --sp`: our SAML key pairs, apart from those that sign tokens."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.app import sp_keys
from broker.cli import keys
from broker.cli.open_store import open_store
from broker.store import StoredKey
from broker.tokens import rotation

OWN = ("--tenant", "contoso", "--idp", "adfs")


@pytest.fixture(autouse=True)
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_DATABASE_URL", f"sqlite:///{tmp_path}/broker.db")
    monkeypatch.setenv("BROKER_ENCRYPTION_KEY", "A" * 43)
    with open_store() as store:
        store.upgrade()
        with store.transaction() as transaction:
            shelf = transaction.deployment
            rotation.ensure(shelf, StoredKey, ["ES256"], 1_000_000_000)
            for of in (sp_keys.purpose(), sp_keys.purpose("contoso", "adfs")):
                sp_keys.ensure(shelf, of, "login.example.com", 1_000_000_000)


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    keys.add(top.add_subparsers())
    args = top.parse_args(["keys", *words])
    code: int = args.run(args)
    return code


def listed(capsys: pytest.CaptureFixture[str], *which: str) -> dict[str, str]:
    capsys.readouterr()
    assert run("list", "--json", *which) == 0
    return {key["state"]: key["kid"] for key in json.loads(capsys.readouterr().out)}


def test_every_kind_of_key_has_its_own_list(capsys: pytest.CaptureFixture[str]) -> None:
    tokens, shared, own = listed(capsys), listed(capsys, "--sp"), listed(capsys, *OWN)
    assert set(tokens) == {"active", "next"}
    assert set(shared) == set(own) == {"active"}
    assert listed(capsys, "--sp", *OWN) == own
    assert not set(tokens.values()) & {*shared.values(), *own.values()}


def test_list_shows_certificates_and_no_private_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--sp", "--json") == 0
    printed = capsys.readouterr().out
    (key,) = json.loads(printed)
    assert key["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert len(key["sha256"]) == 64
    assert "PRIVATE" not in printed


@pytest.mark.parametrize("which", [("--sp",), OWN])
def test_rotation_takes_two_steps_and_touches_no_other_key(
    capsys: pytest.CaptureFixture[str], which: tuple[str, ...]
) -> None:
    tokens, before = listed(capsys), listed(capsys, *which)
    assert run("rotate", *which) == 0
    announced = listed(capsys, *which)
    assert announced["active"] == before["active"]
    assert run("rotate", *which) == 1
    assert "published_too_recently" in capsys.readouterr().err
    assert run("rotate", "--force", *which) == 0
    after = listed(capsys, *which)
    assert after == {"retired": before["active"], "active": announced["next"]}
    assert listed(capsys) == tokens
    with open_store() as store:
        assert [stored.event.event for stored in store.deployment.events()] == ["keys.rotated", "keys.rotated"]


def test_retiring_names_a_key_of_that_list(capsys: pytest.CaptureFixture[str]) -> None:
    shared = listed(capsys, "--sp")["active"]
    assert run("retire", shared) == 1
    assert "key_unknown" in capsys.readouterr().err
    assert run("retire", shared, "--sp") == 1
    assert "key_signs" in capsys.readouterr().err
    assert run("retire", shared, "--sp", "--force") == 0
    assert listed(capsys, "--sp")["active"] != shared


def test_pair_that_nobody_needed_yet_is_not_rotated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rotate", "--sp", "--tenant", "fabrikam", "--idp", "adfs") == 1
    assert "no_keys" in capsys.readouterr().err
