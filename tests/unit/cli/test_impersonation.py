"""`broker impersonation`: needs the store and its key, nothing else."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pytest

from broker.cli import impersonation
from broker.cli.impersonation import ApprovalRefused
from broker.cli.open_store import open_store
from broker.store.records import ImpersonationAsked

ID = "contoso.waits"
ASKED = ImpersonationAsked("desk", "olga", "sub-1", "Ticket 4711: cannot see the invoice", "abcd-2345")
SHOWN = {
    "tenant": "contoso",
    "client_id": "desk",
    "operator": "olga",
    "subject": "sub-1",
    "reason": "Ticket 4711: cannot see the invoice",
    "reference": "abcd-2345",
}


@pytest.fixture(autouse=True)
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_DATABASE_URL", f"sqlite:///{tmp_path}/broker.db")
    monkeypatch.setenv("BROKER_ENCRYPTION_KEY", "A" * 43)
    with open_store() as store:
        store.upgrade()
        store.of("contoso").ask_impersonation(ID, ASKED, int(time.time()) + 900)


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    impersonation.add(top.add_subparsers())
    args = top.parse_args(["impersonation", *words])
    code: int = args.run(args)
    return code


def refused(*words: str) -> str:
    with pytest.raises(ApprovalRefused) as found:
        run(*words)
    return found.value.reason


def test_a_second_person_reads_it_and_says_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", ID, "--json") == 0
    assert json.loads(capsys.readouterr().out) == SHOWN
    assert run("approve", ID, "--by", "Otto") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "approver Otto"
    with open_store() as store:
        event = store.of("contoso").events()[-1].event
        assert store.of("contoso").take_impersonation(ID) is not None
    assert (event.event, event.outcome, event.reference) == ("impersonation.approved", "success", "abcd-2345")
    assert (event.tenant, event.client_id, event.sub) == ("contoso", "desk", "sub-1")
    assert event.detail == {"operator": "olga", "reason": ASKED.why, "approver": "Otto"}


def test_what_is_refused_leaves_no_event() -> None:
    assert refused("approve", ID, "--by", "olga") == "approval_own"
    assert refused("approve", "contoso.other", "--by", "Otto") == "approval_unknown"
    assert refused("approve", "fabrikam.waits", "--by", "Otto") == "approval_unknown"
    assert refused("show", "contoso.other") == "approval_unknown"
    with open_store() as store:
        assert store.deployment.events() == ()
        assert store.of("contoso").impersonation(ID) == ASKED


def test_one_yes_is_enough() -> None:
    run("approve", ID, "--by", "Otto")
    assert refused("approve", ID, "--by", "Oscar") == "approval_given"


@pytest.mark.parametrize("words", [("approve", ID), ("approve", "waits", "--by", "x"), ("approve", ID, "--by", " ")])
def test_what_is_no_approval_is_bad_usage(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
