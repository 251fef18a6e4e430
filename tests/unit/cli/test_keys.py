"""`broker keys`: needs the store and its key, nothing else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.cli import keys
from broker.cli.open_store import open_store
from broker.errors import InvalidRequest
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


AT = ("--tenant", "contoso", "--idp", "entra")


def test_the_keys_towards_one_idp_are_apart_from_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    """Made before the first sign-in, so that the administrator can upload the certificate first."""
    tokens = listed(capsys)
    assert run("rotate", *AT, "--json") == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert run("list", *AT, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert {key["state"]: key["kid"] for key in shown} == {"active": made["active"], "next": made["next"]}
    assert all(len(key["x5t"]) == 27 and len(key["x5t#S256"]) == 43 and key["x5c"] for key in shown)
    assert listed(capsys) == tokens
    assert run("list", "--tenant", "fabrikam", "--idp", "entra", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_key_towards_an_idp_has_a_day_s_notice_and_its_tenant_s_audit_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("rotate", *AT) == 0
    assert run("rotate", *AT) == 1
    assert "published_too_recently" in capsys.readouterr().err
    assert run("rotate", *AT, "--force", "--json") == 0
    (rotated,) = json.loads(capsys.readouterr().out)
    assert run("retire", rotated["retired"], "--tenant", "fabrikam", "--idp", "entra") == 1
    assert "key_unknown" in capsys.readouterr().err
    assert run("retire", rotated["retired"], *AT) == 0
    with open_store() as store:
        events = [stored.event for stored in store.of("contoso").events()]
    assert [(one.event, one.idp) for one in events] == [("keys.rotated", "entra")] * 2 + [("keys.retired", "entra")]


@pytest.mark.parametrize("words", [["--tenant", "contoso"], ["--idp", "entra"], ["--tenant", "a/b", "--idp", "c"]])
def test_a_place_is_a_tenant_and_an_idp(words: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="usage"):
        run("list", *words)
