"""The frame around the verbs: exit codes and one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import cli
from broker.errors import BrokerError, ConfigurationError, Problem


class Failing:
    def __init__(self, error: BrokerError) -> None:
        self.error = error

    def add(self, verbs):
        verbs.add_parser("fail").set_defaults(run=self.run)

    def run(self, args):
        raise self.error


def run(monkeypatch: pytest.MonkeyPatch, error: BrokerError) -> int:
    monkeypatch.setattr(cli, "VERBS", (Failing(error),))
    return cli.main(["fail"])


def test_failure_is_one_line_and_exit_2(monkeypatch, capsys) -> None:
    assert run(monkeypatch, BrokerError("why", "It did not work.", detail="Try again.")) == 2
    assert capsys.readouterr().err == "broker: It did not work. Try again. [why]\n"


def test_configuration_problems_are_a_line_each_and_exit_2(monkeypatch, capsys) -> None:
    problems = [Problem("a.yaml", 1, 2, "x", "is wrong", "be right"), Problem("b.yaml", 3, 4, "", "is missing")]
    assert run(monkeypatch, ConfigurationError(problems)) == 2
    assert capsys.readouterr().err.splitlines() == ["a.yaml:1:2: x: is wrong; be right", "b.yaml:3:4: .: is missing"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["serve", "--workers", "0", "--config", "x"],
        ["serve", "--no"],
        ["serve", "--config", "x", "--bind", "nonsense"],
        ["serve", "--config", "x", "--bind", "127.0.0.1:70000"],
    ],
)
def test_bad_usage_exits_2(words, monkeypatch, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_serve_needs_a_folder(monkeypatch, capsys) -> None:
    monkeypatch.delenv("BROKER_CONFIG", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve"])
    assert ended.value.code == 2


@pytest.mark.parametrize("verb", [each.__name__.split(".")[-1] for each in cli.VERBS])
def test_every_verb_has_help(verb, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    assert verb in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["serve", "route", "claims"])
def test_the_folder_is_the_flag_then_the_environment(verb, monkeypatch) -> None:
    rest = ["try", "--tenant", "t", "--idp", "i", "--input", "-"] if verb == "claims" else []
    monkeypatch.setenv("BROKER_CONFIG", "from-environment")
    assert cli.parser().parse_args([verb, *rest]).config == Path("from-environment")
    assert cli.parser().parse_args([verb, *rest, "--config", "from-flag"]).config == Path("from-flag")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "[::1]:8080", "localhost:0", "broker.internal:65535"])
def test_serve_listens_where_it_is_told(address) -> None:
    assert cli.parser().parse_args(["serve", "--config", "x", "--bind", address]).bind == address
