"""`broker db upgrade` and `broker audit list` need the database's URL and the key, and nothing else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.cli import audit, db
from broker.errors import StoreError
from broker.model import AuditEvent
from broker.seal import Seal, load_key
from broker.store import Store


def broker(*words: str) -> int:
    top = argparse.ArgumentParser()
    verbs = top.add_subparsers()
    db.add(verbs)
    audit.add(verbs)
    args = top.parse_args(words)
    code: int = args.run(args)
    return code


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/broker.db"
    monkeypatch.setenv("BROKER_DATABASE_URL", url)
    monkeypatch.delenv("BROKER_ENCRYPTION_KEY", raising=False)
    return url


@pytest.fixture
def recorded(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert broker("db", "upgrade") == 0
    store = Store(url, Seal(load_key({}, url).key), lambda: 1_800_000_000)
    with store.transaction() as transaction:
        for reference, tenant in (("aaaa-2222", "contoso"), ("bbbb-2222", "fabrikam")):
            transaction.record(
                AuditEvent("saml.rejected", "failure", reference, tenant=tenant, reason="audience", detail={"n": "1"})
            )
    store.close()
    capsys.readouterr()


def test_upgrade_makes_the_schema_and_says_that_it_made_a_key(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert broker("db", "upgrade") == 0
    said = capsys.readouterr()
    assert said.out == "The database is up to date.\n"
    assert "made the encryption key" in said.err
    assert broker("db", "upgrade") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("url")
def test_upgrade_answers_in_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert broker("db", "upgrade", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"up_to_date": True}


@pytest.mark.usefixtures("url")
def test_a_database_that_does_not_exist_is_told_in_an_operators_words() -> None:
    with pytest.raises(StoreError) as refused:
        broker("audit", "list")
    assert refused.value.reason == "unreachable"
    assert "broker db upgrade" in refused.value.public


def test_without_a_database_the_verbs_say_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROKER_DATABASE_URL", raising=False)
    with pytest.raises(StoreError) as refused:
        broker("db", "upgrade")
    assert refused.value.reason == "database_unset"
    assert "BROKER_DATABASE_URL" in refused.value.public


@pytest.mark.usefixtures("recorded")
def test_events_are_listed_oldest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert broker("audit", "list") == 0
    first, second = capsys.readouterr().out.splitlines()
    wanted = "2027-01-15T08:00:00Z aaaa-2222 saml.rejected failure tenant=contoso reason=audience n='1'"
    assert first == wanted
    assert "bbbb-2222" in second


@pytest.mark.parametrize(
    ("words", "references"),
    [
        (["--ref", "AAAA-2222"], ["aaaa-2222"]),
        (["--tenant", "fabrikam"], ["bbbb-2222"]),
        (["--tenant", "fabrikam", "--ref", "aaaa-2222"], []),
        (["--limit", "1"], ["bbbb-2222"]),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_json_is_a_list_of_what_was_asked_for_and_nothing_else(
    words: list[str], references: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert broker("audit", "list", "--json", *words) == 0
    said = capsys.readouterr()
    assert [event["reference"] for event in json.loads(said.out)] == references
    assert said.err == ""


@pytest.mark.usefixtures("recorded")
def test_an_event_in_json_leaves_out_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert broker("audit", "list", "--json", "--ref", "aaaa-2222") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "number": 1,
            "at": "2027-01-15T08:00:00Z",
            "event": "saml.rejected",
            "outcome": "failure",
            "reference": "aaaa-2222",
            "tenant": "contoso",
            "reason": "audience",
            "detail": {"n": "1"},
        }
    ]


@pytest.mark.parametrize("words", [["--ref", "nonsense"], ["--limit", "0"], ["--limit", "-1"], ["--limit", "many"]])
def test_bad_usage_exits_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        broker("audit", "list", *words)
    assert left.value.code == 2


@pytest.mark.usefixtures("url")
def test_a_database_not_at_head_is_refused(tmp_path: Path) -> None:
    broker("db", "upgrade")
    (tmp_path / "broker.db").unlink()
    for rest in tmp_path.glob("broker.db-*"):
        rest.unlink()
    (tmp_path / "broker.db").touch()
    with pytest.raises(StoreError) as refused:
        broker("audit", "list")
    assert refused.value.reason == "not_at_head"
