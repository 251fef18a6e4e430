"""The seal, and where its key comes from."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.seal import KEY_BYTES, KeyFile, KeyRefused, Seal, SealBroken, load_key

KEY = bytes(range(32))
POSTGRESQL = "postgresql+psycopg://broker@db/broker"


@settings(deadline=None)
@given(st.binary(max_size=2000), st.text(st.characters(codec="utf-8"), max_size=50))
def test_what_was_sealed_opens(plain: bytes, context: str) -> None:
    assert Seal(KEY).open(Seal(KEY).seal(plain, context), context) == plain


def test_the_same_value_never_looks_the_same_twice() -> None:
    seal = Seal(KEY)
    assert len({seal.seal(b"value", "keys/kid") for _ in range(100)}) == 100


def test_a_value_does_not_open_in_another_place() -> None:
    with pytest.raises(SealBroken) as broken:
        Seal(KEY).open(Seal(KEY).seal(b"value", "grants/a/1"), "grants/b/1")
    assert (broken.value.reason, broken.value.detail) == ("seal_broken", "in grants")


def test_a_value_does_not_open_under_another_key() -> None:
    with pytest.raises(SealBroken):
        Seal(bytes(32)).open(Seal(KEY).seal(b"value", "keys"), "keys")


def test_no_character_of_a_sealed_value_can_be_changed() -> None:
    sealed = Seal(KEY).seal(b"value", "keys")
    for at, character in enumerate(sealed[:-2]):  # the last ones may hold unused bits or padding
        changed = sealed[:at] + ("A" if character != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(SealBroken):
            Seal(KEY).open(changed, "keys")


@pytest.mark.parametrize(
    "sealed", ["", "1.", "1.AAAA", "1.*", "2.AAAA", "value", "1.é", "1." + "A" * 16, "1." + "A" * 40]
)
def test_what_was_never_sealed_is_broken_and_nothing_else(sealed: str) -> None:
    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed, "keys")


def test_each_purpose_has_its_own_mac_key() -> None:
    seal = Seal(KEY)
    assert seal.mac("a", b"data") == seal.mac("a", b"data") == Seal(KEY).mac("a", b"data")
    assert len({seal.mac("a", b"data"), seal.mac("b", b"data"), seal.mac("a", b"datb"), seal.mac("", b"adata")}) == 4
    assert len(seal.mac("a", b"")) == 32


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(bytes(size))


@pytest.mark.parametrize("padding", ["", "="])
def test_the_key_comes_from_the_environment_with_or_without_padding(padding: str) -> None:
    text = base64.urlsafe_b64encode(KEY).decode().rstrip("=") + padding
    assert load_key({"BROKER_ENCRYPTION_KEY": text}, POSTGRESQL) == KeyFile(KEY, made=False, path=None)


@pytest.mark.parametrize("text", ["", "short", "A" * 42, "A" * 45, "+" * 43, "A" * 43 + "==", " " + "A" * 43, "Ä" * 43])
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        load_key({"BROKER_ENCRYPTION_KEY": text}, POSTGRESQL)
    assert refused.value.reason == "key_form"


def test_postgresql_needs_a_key() -> None:
    with pytest.raises(KeyRefused) as refused:
        load_key({}, POSTGRESQL)
    assert refused.value.reason == "key_unset"
    assert "BROKER_ENCRYPTION_KEY" in refused.value.public


def test_a_key_is_made_once_beside_a_sqlite_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/broker.db"
    made, found = load_key({}, url), load_key({}, url)
    assert (made.made, found.made, made.key) == (True, False, found.key)
    assert made.path == tmp_path / "var" / "broker.db.key"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert len(made.key) == KEY_BYTES
    assert [path.name for path in made.path.parent.iterdir()] == ["broker.db.key"]


def test_many_that_make_the_key_at_once_agree_on_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: load_key({}, f"sqlite:///{tmp_path}/broker.db"), range(16)))
    assert len({key.key for key in keys}) == 1
    assert sum(key.made for key in keys) == 1


def test_a_database_without_its_key_gets_no_new_one(tmp_path: Path) -> None:
    """A new key would open nothing of it; the old one must come back."""
    (tmp_path / "broker.db").write_bytes(b"SQLite format 3")
    with pytest.raises(KeyRefused) as refused:
        load_key({}, f"sqlite:///{tmp_path}/broker.db")
    assert refused.value.reason == "key_missing"
    assert not (tmp_path / "broker.db.key").exists()


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = load_key({}, f"sqlite:///{tmp_path}/broker.db").path
    assert path is not None
    path.chmod(0o640)
    with pytest.raises(KeyRefused) as refused:
        load_key({}, f"sqlite:///{tmp_path}/broker.db")
    assert refused.value.reason == "key_file_mode"
    assert "chmod 600" in refused.value.public


def test_a_key_does_not_show_in_a_repr() -> None:
    assert "\\x01" not in repr(KeyFile(KEY, made=False, path=None))
