"""The whole SAML table through the real ACS: the same reason, one audit event, nothing issued."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.attacks.saml import CASES, Case, encryption
from tests.attacks.world import World, query
from tests.idps.saml_encryptor import CBC256
from tests.idps.saml_signer import signer

TOO_LARGE = "10 MB NameID"  # refused by its length, unread: there is nothing to audit


@pytest.mark.parametrize("case", [case for case in CASES if case.what != TOO_LARGE], ids=str)
def test_attack_over_http_leaves_with_nothing(case: Case, secure: World) -> None:
    idp = "adfs-cbc" if case.cbc else "adfs" if case.want_signed == "either" else f"adfs-{case.want_signed}"
    under_way = secure.begin("contoso", idp, **({"prompt": "login"} if case.reauthenticate else {}))
    answer = case.build(under_way.context())
    secure.assert_refused(lambda: under_way.answer(answer), case.reason, "saml.rejected")


def test_too_large_an_answer_is_not_read(secure: World) -> None:
    (case,) = (case for case in CASES if case.what == TOO_LARGE)
    under_way = secure.begin("contoso", "adfs")
    before = secure.issued()
    assert under_way.answer(case.build(under_way.context())).status_code == 413
    assert secure.issued() == before
    assert under_way.finish(), "the sign-in it named is still open"


def test_nobody_outside_learns_where_a_decryption_ended(secure: World) -> None:
    """SE-08: whatever was changed in a ciphertext, and whether it became XML, the answer is one and the same."""
    known = len(secure.events())
    changes = [encryption.flipped(place) for place in (*range(-32, -16), *range(-320, -300), 3, 100)]
    answers = {bent(secure, signed="assertion", spoil=change) for change in changes}
    answers.add(bent(secure, signed="none"))
    answers.add(bent(secure, signed="assertion", by=signer("stranger")))
    assert len(answers) == 1
    reasons = {one.reason for one in secure.events()[known:]}
    assert {"decryption", "unsigned_assertion", "signature_invalid"} <= reasons


def bent(world: World, **how: Any) -> tuple[str, str, str]:
    """What the browser and the app see of it, but for the reference."""
    under_way = world.begin("contoso", "adfs-cbc")
    raw = encryption.encrypted(under_way.context(), content=CBC256, **how)
    response = under_way.answer(under_way.context().post(raw))
    told = query(response.headers["Location"])
    return response.status, told["error"], re.sub(r"\(ref .*\)", "", told["error_description"])
