"""Promises about the tracked files themselves."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# WB-46: below these versions stand published vulnerabilities.
FLOORS = {
    "pyjwt": (2, 15, 1),
    "authlib": (1, 9, 8),
    "joserfc": (1, 8, 0),
    "lxml": (6, 1, 0),
    "gunicorn": (23, 0, 0),
    "werkzeug": (3, 1, 6),
    "flask": (3, 1, 3),
}


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split()[0].split("==") for line in lines if "==" in line and not line.startswith((" ", "#")))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_locked_and_installed_versions_are_above_the_floor(name: str) -> None:
    assert numbers(locked()[name]) >= FLOORS[name]
    assert numbers(version(name)) >= FLOORS[name]


def test_lock_holds_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=]", line)[0].lower() for line in declared}
    assert names <= {name.lower() for name in locked()}


def test_locks_have_hashes_and_name_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert lock.count("--hash=sha256:") >= len(locked())
    assert '"resolved"' not in (ROOT / "tests/idps/node/package-lock.json").read_text()


def test_no_machine_path_in_a_tracked_file() -> None:
    machine = re.compile(rb"/(?:root|home/[a-z]+|work|tmp/[a-z]+_[a-z]+)/[\w.-]+")
    found = [
        f"{path.relative_to(ROOT)}: {hit.group().decode()}"
        for path in tracked()
        if path.name not in {"requirements.lock", "package-lock.json"}
        for hit in machine.finditer(path.read_bytes())
    ]
    assert found == []
