"""`broker keys`: needs the store and its key, nothing else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.cli import keys
from broker.cli.open_store import open_store
from broker.store import StoredKey
from broker.tokens import rotation


@pytest.fixture(autouse=True)
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_DATABASE_URL", f"sqlite:///{tmp_path}/broker.db")
    monkeypatch.setenv("BROKER_ENCRYPTION_KEY", "A" * 43)
    with open_store() as store:
        store.upgrade()
        with store.transaction() as transaction:
            rotation.ensure(transaction.deployment, StoredKey, ["ES256"], 1_000_000_000)


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    keys.add(top.add_subparsers())
    args = top.parse_args(["keys", *words])
    code: int = args.run(args)
    return code


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    capsys.readouterr()
    assert run("list", "--json") == 0
    return {key["state"]: key["kid"] for key in json.loads(capsys.readouterr().out)}


def test_the_list_shows_states_and_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    states = listed(capsys)
    assert set(states) == {"active", "next"}
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert all(kid in printed for kid in states.values())
    assert "since 2001-09-09T01:46:40Z" in printed


def test_rotation_moves_every_key_one_step_and_is_audited(capsys: pytest.CaptureFixture[str]) -> None:
    before = listed(capsys)
    assert run("rotate", "--json") == 0
    (rotated,) = json.loads(capsys.readouterr().out)
    assert (rotated["retired"], rotated["active"]) == (before["active"], before["next"])
    after = listed(capsys)
    assert (after["retired"], after["active"]) == (before["active"], before["next"])
    with open_store() as store:
        assert store.deployment.events()[-1].event.event == "keys.rotated"


def test_a_second_rotation_must_wait_or_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rotate") == 0
    assert run("rotate") == 1
    assert "published_too_recently" in capsys.readouterr().err
    assert run("rotate", "--force") == 0


def test_a_key_is_withdrawn_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    active = listed(capsys)["active"]
    assert run("retire", active) == 1
    assert "key_signs" in capsys.readouterr().err
    assert run("retire", active, "--force") == 0
    assert active not in listed(capsys).values()
    assert run("retire", "nobody") == 1
    assert "key_unknown" in capsys.readouterr().err
