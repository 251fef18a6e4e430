from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.grants.conftest import few_rsa_keys, house
from tests.unit.web.leaving import Leaving

__all__ = ["few_rsa_keys", "house", "leaving"]


@pytest.fixture
def leaving(tmp_path: Path, few_rsa_keys: None) -> Iterator[Leaving]:
    made = Leaving(tmp_path)
    yield made
    made.store.close()
