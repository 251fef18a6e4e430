"""`broker person`: needs the store and its key, nothing else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker.cli import person
from broker.cli.open_store import open_store
from broker.cli.person import PersonRefused

ANNA = ("--tenant", "contoso", "--idp", "github", "--subject", "anna@home.example")


@pytest.fixture(autouse=True)
def sub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BROKER_DATABASE_URL", f"sqlite:///{tmp_path}/broker.db")
    monkeypatch.setenv("BROKER_ENCRYPTION_KEY", "A" * 43)
    with open_store() as store:
        store.upgrade()
        return store.of("contoso").person("github", "https://github.com", "anna@home.example")


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    person.add(top.add_subparsers())
    args = top.parse_args(["person", *words])
    code: int = args.run(args)
    return code


def shown(capsys: pytest.CaptureFixture[str], *who: str) -> dict[str, object]:
    capsys.readouterr()
    assert run("show", *(who or ANNA), "--json") == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_values_are_written_replaced_and_taken_out(sub: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", *ANNA, "department=Sales", "groups=a", "groups=b") == 0
    assert shown(capsys) == {"sub": sub, "attributes": {"department": ["Sales"], "groups": ["a", "b"]}}
    assert run("set", "--tenant", "contoso", "--sub", sub, "department=Legal, but = kept") == 0
    assert run("unset", *ANNA, "groups", "never-there") == 0
    assert shown(capsys) == {"sub": sub, "attributes": {"department": ["Legal, but = kept"]}}
    run("show", *ANNA)
    assert capsys.readouterr().out == f"sub {sub}\ndepartment: Legal, but = kept\n"


def test_a_change_is_audited_without_what_it_says(sub: str) -> None:
    run("set", *ANNA, "department=Sales", "city=Rome")
    with open_store() as store:
        event = store.of("contoso").events()[-1].event
    assert (event.event, event.outcome, event.tenant, event.sub) == ("person.changed", "success", "contoso", sub)
    assert event.detail == {"names": "city department"}


def test_the_record_is_sealed(tmp_path: Path) -> None:
    run("set", *ANNA, "department=Paranormal")
    assert all(b"Paranormal" not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (("--tenant", "contoso", "--sub", "nobody"), "person_unknown"),
        (("--tenant", "contoso", "--idp", "github", "--subject", "nobody"), "person_unknown"),
        (("--tenant", "fabrikam", "--idp", "github", "--subject", "anna@home.example"), "person_unknown"),
        (("--tenant", "contoso"), "person_unnamed"),
        (("--tenant", "contoso", "--idp", "github"), "person_unnamed"),
        (("--sub", "a", *ANNA), "person_unnamed"),
    ],
)
def test_nobody_is_written_about_who_is_not_here(who: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        run("set", *who, "department=Sales")
    assert refused.value.reason == reason
    with open_store() as store:
        assert store.deployment.events() == ()


def test_another_tenants_person_is_out_of_reach(sub: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        run("set", "--tenant", "fabrikam", "--sub", sub, "department=Sales")
    assert refused.value.reason == "person_unknown"


def test_two_people_of_one_name_are_told_apart_by_sub() -> None:
    """The identity provider was pointed at another upstream since."""
    with open_store() as store:
        store.of("contoso").person("github", "https://github.example", "anna@home.example")
    with pytest.raises(PersonRefused) as refused:
        run("show", *ANNA)
    assert refused.value.reason == "person_ambiguous"


def test_a_record_has_its_limits() -> None:
    with pytest.raises(PersonRefused) as refused:
        run("set", *ANNA, *(f"name{number}=x" for number in range(51)))
    assert refused.value.reason == "too_much"
    with pytest.raises(PersonRefused):
        run("set", *ANNA, *(f"groups={number}" for number in range(101)))


@pytest.mark.parametrize(
    "pair", ["department", "=Sales", "a b=c", "department=", "department= ", "a=\x1b[2J", f"a={'x' * 1001}"]
)
def test_what_is_no_name_and_value_is_bad_usage(pair: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("set", *ANNA, pair)
    assert ended.value.code == 2
