"""What we show to operators works as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from broker.cli import main

ROOT = Path(__file__).resolve().parents[2]


def test_example_configuration_has_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", str(ROOT / "config")]) == 0, capsys.readouterr()


def test_the_readme_s_tenant_has_no_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants/contoso.yaml").write_text(example[1])
    (tmp_path / "broker.yaml").write_text("issuer: https://login.example.com\n")
    assert main(["config", "check", str(tmp_path)]) == 0, capsys.readouterr()


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert "$defs" in json.loads(capsys.readouterr().out)
