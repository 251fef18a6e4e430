"""The whole relying party's table through the real callback: the same reason, one audit event, nothing issued."""

from __future__ import annotations

import pytest

from tests.attacks.oidc.cases import CASES, Case
from tests.attacks.world import World


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_attack_over_http_leaves_with_nothing(case: Case, world: World) -> None:
    world.forget_providers()
    case.spoil(world.ops["contoso"])
    idp = "op-rs256" if case.algorithms == ("RS256",) else "op"
    under_way = world.begin("contoso", idp, **({"prompt": case.prompt} if case.prompt else {}))
    answer = under_way.honest()
    world.assert_refused(lambda: under_way.answer(answer, method=case.method), case.reason, "oidc_rp.rejected")
