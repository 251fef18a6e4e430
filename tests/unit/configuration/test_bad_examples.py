"""Every file in bad/ stands beside the exact lines that it must give.

The first line says in which folder the file is put (`# tenants/`); `bad/<name>.txt` holds the lines of `config check`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration

BAD = Path(__file__).parent / "bad"
ENVIRON = {
    "STRONG_SECRET": "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6",
    "SHORT_SECRET": "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea",
    "SAMPLE_SECRET": "please-changeme-please-in-production-1",
}


def lines_of(example: Path, folder: Path) -> list[str]:
    """What the check says of the example, put where its first line says."""
    first = example.read_text().partition("\n")[0].removeprefix("# ")
    place = folder / (first if first.endswith("/") else "clients") / "bad.yaml"
    (folder / "broker.yaml").write_text("issuer: https://login.example.com\n")
    place.parent.mkdir(parents=True)
    place.write_bytes(example.read_bytes())
    found = configuration.check(folder, ENVIRON)
    return [f"{problem} (warning)" if problem.warning else str(problem) for problem in found]


@pytest.mark.parametrize("example", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_example_gives_exactly_its_lines(example: Path, tmp_path: Path) -> None:
    assert lines_of(example, tmp_path) == example.with_suffix(".txt").read_text().splitlines()


@pytest.mark.parametrize("example", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_example_is_refused_as_a_whole(example: Path, tmp_path: Path) -> None:
    lines = lines_of(example, tmp_path)
    assert any(not line.endswith("(warning)") for line in lines)
