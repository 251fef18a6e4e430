"""`broker config check` and `broker config schema`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from broker import configuration
from broker.cli import config
from broker.configuration.document import read
from broker.configuration.shapes import BrokerShape, ClientShape, TenantShape

from .folders import CLIENT, write

EXAMPLES = Path(__file__).parents[3] / "config"
Out = pytest.CaptureFixture[str]


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    config.add(parser.add_subparsers())
    args = parser.parse_args(["config", *arguments])
    code: int = args.run(args)
    return code


def test_a_valid_folder_is_one_friendly_line(tmp_path: Path, capsys: Out) -> None:
    assert run("check", str(write(tmp_path, {}))) == 0
    assert capsys.readouterr().out == f"{tmp_path}: no problems. It can be served.\n"


def test_warnings_are_shown_and_forgiven(capsys: Out) -> None:
    assert run("check", str(EXAMPLES)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("(warning)") for line in lines] == [True, True, False]
    assert lines[-1] == f"{EXAMPLES}: no problems and 2 warnings. It can be served."


def test_problems_end_with_2_a_line_each(tmp_path: Path, capsys: Out) -> None:
    folder = write(tmp_path, {"clients/a.yaml": CLIENT.format(id="app") + "audince: x\n"})
    assert run("check", str(folder)) == 2
    assert capsys.readouterr().out == (
        f"clients/a.yaml:4:1: audince: unknown key; did you mean `audience`?\n{folder}: 1 problem.\n"
    )


def test_json_is_json_and_nothing_else(tmp_path: Path, capsys: Out) -> None:
    folder = write(tmp_path, {"clients/a.yaml": CLIENT.format(id="app") + "audince: x\n"})
    assert run("check", "--json", str(folder)) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "valid": False,
        "problems": [
            {
                "file": "clients/a.yaml",
                "line": 4,
                "column": 1,
                "path": "audince",
                "what": "unknown key",
                "remedy": "did you mean `audience`?",
                "warning": False,
            }
        ],
    }


def test_a_folder_that_does_not_exist(tmp_path: Path, capsys: Out) -> None:
    assert run("check", str(tmp_path / "none")) == 2
    assert "the configuration folder does not exist" in capsys.readouterr().out


def test_no_secret_is_ever_printed(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """YM-27"""
    monkeypatch.setenv("WEAK", "changeme-hunter2-hunter2-0123456789")
    client = CLIENT.format(id="app").replace("method: none", "method: client_secret_basic, secret: {env: WEAK}")
    other = CLIENT.format(id="b").replace("method: none", "method: client_secret_basic, secret: hunter2")
    assert run("check", str(write(tmp_path, {"clients/a.yaml": client, "clients/b.yaml": other}))) == 2
    assert "hunter2" not in capsys.readouterr().out


def test_the_schema_describes_every_key_of_every_file(capsys: Out) -> None:
    assert run("schema") == 0
    document = json.loads(capsys.readouterr().out)
    parts = document["$defs"]
    for name, shape in (("broker", BrokerShape), ("client", ClientShape), ("tenant", TenantShape)):
        described = parts[parts[name]["$ref"].rpartition("/")[2]]
        assert set(described["properties"]) == {field.alias or key for key, field in shape.model_fields.items()}
        assert described["additionalProperties"] is False


def test_the_schema_s_references_lead_somewhere() -> None:
    text = json.dumps(configuration.schema())
    parts = set(json.loads(text)["$defs"])
    named = {piece.partition('"')[0] for piece in text.split("#/$defs/")[1:]}
    assert named <= parts


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda path: path.name)
def test_the_schema_knows_the_keys_of_the_shipped_examples(path: Path) -> None:
    schema = json.loads(json.dumps(configuration.schema()))["$defs"]
    described = schema[schema[path.parent.name.removesuffix("s")]["$ref"].rpartition("/")[2]]
    found = read(path.read_bytes(), path.name).value or {}
    assert set(described["required"]) <= set(found) <= set(described["properties"])
