from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from broker import jose
from tests.unit.grants.house import House


@cache
def _rsa_pairs() -> Iterator[bytes]:
    """Two RSA keys for the whole run: making them is most of what a house costs."""
    return itertools.cycle([jose.generate("RS256"), jose.generate("RS256")])


@pytest.fixture
def few_rsa_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, generate = _rsa_pairs(), jose.generate
    monkeypatch.setattr(jose, "generate", lambda alg: next(pairs) if alg == "RS256" else generate(alg))


@pytest.fixture
def house(tmp_path: Path, few_rsa_keys: None) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()
