"""Names for one sector (OIDC Core §8.1): stable, unlike everybody else's, and readable by nobody but us."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.errors import StoreError, TokenRejected
from broker.store import StoredKey
from broker.tokens.pairwise import PURPOSE, SID, SUB, Pairwise, ensure, stored
from tests.unit.grants.house import NOW, WEB, House

ONE = replace(WEB, client_id="one", sector="one.example")
SAME = replace(WEB, client_id="same", sector="one.example")
OTHER = replace(WEB, client_id="other", sector="other.example")
KEY = bytes(range(64))


@pytest.fixture
def names() -> Pairwise:
    return Pairwise(lambda: KEY)


def test_one_sector_always_hears_the_same_name_and_no_other_sector_does(names: Pairwise) -> None:
    name = names.outward(ONE, SUB, "sub-1")
    assert name == names.outward(SAME, SUB, "sub-1") == Pairwise(lambda: KEY).outward(ONE, SUB, "sub-1")
    different = {names.outward(OTHER, SUB, "sub-1"), names.outward(ONE, SID, "sub-1"), names.outward(ONE, SUB, "sub-2")}
    assert len({name, "sub-1", *different}) == 5
    assert len(name) <= 255, "OIDC Core §2"
    assert name.isascii()


def test_another_installation_has_other_names(names: Pairwise) -> None:
    assert names.outward(ONE, SUB, "sub-1") != Pairwise(lambda: bytes(64)).outward(ONE, SUB, "sub-1")


def test_we_alone_read_them_back(names: Pairwise) -> None:
    assert names.inward(SAME, SUB, names.outward(ONE, SUB, "sub-1")) == "sub-1"
    with pytest.raises(TokenRejected):
        Pairwise(lambda: bytes(64)).inward(ONE, SUB, names.outward(ONE, SUB, "sub-1"))


def test_public_clients_hear_our_own_name(names: Pairwise) -> None:
    assert names.outward(WEB, SUB, "sub-1") == names.inward(WEB, SUB, "sub-1") == "sub-1"


@pytest.mark.parametrize("kind", [SUB, SID])
def test_a_name_that_was_never_given_there_is_refused(names: Pairwise, kind: str) -> None:
    name = names.outward(ONE, kind, "sub-1")
    other_kind = names.outward(ONE, SID if kind == SUB else SUB, "sub-1")
    changed = ("A" if name[0] != "A" else "B") + name[1:]
    spelled = name[:-1] + chr(ord(name[-1]) + 1)
    for stranger in ("sub-1", "", "=", "é", changed, spelled, f"{name}=", f"{name}\n", other_kind):
        with pytest.raises(TokenRejected) as refused:
            names.inward(ONE, kind, stranger)
        assert refused.value.reason == kind
    with pytest.raises(TokenRejected):
        names.inward(OTHER, kind, name)


def test_the_key_is_made_once_and_kept_sealed(house: House) -> None:
    (before,) = house.store.deployment.keys(PURPOSE)
    with house.store.transaction() as transaction:
        ensure(transaction.deployment, StoredKey, NOW + 1)
    assert house.store.deployment.keys(PURPOSE) == (before,)
    assert stored(house.store)() == before.private
    assert before.private not in (house.folder / "broker.db").read_bytes()
    assert before.expires_at is None, "names last as long as people do"


def test_without_its_key_nobody_is_named(house: House) -> None:
    """A store that was never prepared."""
    with house.store.transaction() as transaction:
        transaction.deployment.change_key(
            transaction.deployment.keys(PURPOSE)[0].kid, "retired", NOW, expires_at=int(house.now)
        )
    with pytest.raises(StoreError) as refused:
        Pairwise(stored(house.store)).outward(ONE, SUB, "sub-1")
    assert refused.value.reason == "no_key"
