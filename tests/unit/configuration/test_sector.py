"""One host stands for the clients that may know people by the same name (OIDC Core §8.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration

from .folders import CLIENT, write
from .test_good_examples import loaded


@pytest.mark.parametrize(
    ("more", "sector"),
    [
        ("", None),
        ("subject_type: public\n", None),
        ("subject_type: pairwise\n", "app.example.com"),
        ("subject_type: pairwise\nsector_identifier_uri: https://example.com/uris.json\n", "example.com"),
    ],
)
def test_the_sector_of_a_client_is_one_host(tmp_path: Path, more: str, sector: str | None) -> None:
    """OIDC Core §8.1"""
    folder = write(tmp_path, {"clients/a.yaml": CLIENT.format(id="app") + more})
    assert configuration.check(folder, {}) == []
    assert loaded(folder).clients["app"].sector == sector
