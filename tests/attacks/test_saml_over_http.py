"""The whole SAML table through the real ACS: the same reason, one audit event, nothing issued."""

from __future__ import annotations

import pytest

from tests.attacks.saml import CASES, Case
from tests.attacks.world import World

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
