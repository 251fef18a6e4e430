"""A folder becomes a revision once, whole, and can be undone; what a removed tenant's people held is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker import configuration
from broker.app.revisions import Installation, Plan, PlanRefused, Revisions
from broker.errors import ConfigurationError
from broker.seal import Seal
from broker.store import Store
from tests.unit.store.samples import session

NOW = 1_800_000_000
TENANT = """id: {0}
identity_providers:
  - {{id: i, protocol: oidc, issuer: "https://{0}.example", client_id: x, client_secret: {{env: A}}}}
"""


@dataclass
class Operator:
    folder: Path
    store: Store

    def __post_init__(self) -> None:
        (self.folder / "broker.yaml").write_text("issuer: https://login.example.com\n")
        deployment = configuration.load_deployment(self.folder, {})
        self.installation = Installation(deployment, {})
        self.revisions = Revisions(self.store, lambda: NOW)

    def tenant(self, tenant: str, more: str = "") -> None:
        (self.folder / "tenants").mkdir(exist_ok=True)
        (self.folder / f"tenants/{tenant}.yaml").write_text(TENANT.format(tenant) + more)

    def plan(self) -> Plan:
        return self.installation.propose(configuration.read_folder(self.folder), self.revisions.live()).plan

    def apply(self, plan: Plan | None = None) -> int | None:
        made = self.revisions.apply(self.folder, self.installation, by="somebody", plan=plan)
        return None if made is None else made.number

    def files(self, number: int) -> dict[str, bytes]:
        return dict(self.revisions.history()[number - 1].files)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    store = Store(f"sqlite:///{tmp_path}/broker.db", Seal(b"k" * 32), lambda: NOW)
    store.upgrade()
    (tmp_path / "config").mkdir()
    yield Operator(tmp_path / "config", store)
    store.close()


def test_a_plan_changes_nothing_and_counts_what_would(operator: Operator) -> None:
    operator.tenant("contoso")
    plan = operator.plan()
    assert (plan.live, plan.summary) == (0, "1 tenant added")
    assert operator.revisions.history() == ()


def test_applying_twice_makes_one_revision(operator: Operator) -> None:
    operator.tenant("contoso")
    assert operator.apply() == 1
    assert operator.apply() is None
    (made,) = operator.revisions.history()
    assert (made.by, made.summary, made.at) == ("somebody", "1 tenant added", NOW)


def test_a_stale_plan_is_refused_whichever_side_moved(operator: Operator) -> None:
    operator.tenant("contoso")
    plan = operator.plan()
    operator.tenant("contoso", "name: Contoso\n")
    with pytest.raises(PlanRefused) as folder:
        operator.apply(plan)
    assert (folder.value.reason, "folder has changed" in folder.value.public) == ("plan_stale", True)
    assert operator.apply() == 1
    operator.tenant("fabrikam")
    plan = operator.plan()
    shutil.copytree(operator.folder, operator.folder.parent / "other")
    (operator.folder.parent / "other/tenants/fabrikam.yaml").unlink()
    elsewhere = Operator(operator.folder.parent / "other", operator.store)
    elsewhere.tenant("northwind")
    assert elsewhere.apply() == 2
    with pytest.raises(PlanRefused) as live:
        operator.apply(plan)
    assert (live.value.reason, "revision 2 is live" in live.value.public) == ("plan_stale", True)
    assert len(operator.revisions.history()) == 2


def test_a_plan_that_is_fresh_is_applied(operator: Operator) -> None:
    operator.tenant("contoso")
    assert operator.apply(operator.plan()) == 1


def test_a_folder_with_problems_changes_nothing(operator: Operator) -> None:
    operator.tenant("contoso", "nickname: C\n")
    with pytest.raises(ConfigurationError):
        operator.apply()
    assert operator.revisions.history() == ()


def test_a_new_environment_variable_is_named_once(operator: Operator) -> None:
    operator.tenant("contoso")
    assert operator.plan().restart == (), "nothing runs yet"
    operator.apply()
    operator.tenant("contoso", "# changed\n")
    path = operator.folder / "tenants/contoso.yaml"
    path.write_text(path.read_text().replace("env: A", "env: CONTOSO_SECRET"))
    assert operator.plan().restart == ("CONTOSO_SECRET",)
    operator.apply()
    path.write_text(path.read_text() + "name: Contoso\n")
    assert operator.plan().restart == ()


def test_going_back_gives_the_same_files_and_the_removed_tenant(operator: Operator) -> None:
    operator.tenant("contoso")
    operator.tenant("fabrikam")
    operator.apply()
    (operator.folder / "tenants/fabrikam.yaml").unlink()
    operator.apply()
    made = operator.revisions.rollback(1, by="somebody")
    assert made is not None
    assert (made.number, made.summary) == (3, "back to revision 1")
    assert operator.files(3) == operator.files(1)
    assert operator.revisions.rollback(1, by="somebody") is None


def test_there_is_no_way_back_to_what_never_was(operator: Operator) -> None:
    operator.tenant("contoso")
    operator.apply()
    with pytest.raises(PlanRefused) as refused:
        operator.revisions.rollback(2, by="somebody")
    assert refused.value.reason == "revision_unknown"


def test_a_removed_tenants_sessions_end_and_stay_ended_after_going_back(operator: Operator) -> None:
    operator.tenant("contoso")
    operator.tenant("fabrikam")
    operator.apply()
    for tenant in ("contoso", "fabrikam"):
        operator.store.of(tenant).open_session(session(tenant, sid="s"), f"browser of {tenant}")
        operator.store.of(tenant).put("code", f"code of {tenant}", "{}", NOW + 60)
    (operator.folder / "tenants/fabrikam.yaml").unlink()
    operator.apply()
    operator.revisions.rollback(1, by="somebody")
    assert operator.store.of("fabrikam").session("s") is None
    assert operator.store.of("fabrikam").take("code", "code of fabrikam") is None
    assert operator.store.of("contoso").session("s") is not None
    assert operator.store.of("contoso").take("code", "code of contoso") == "{}"


def test_a_removed_tenants_id_stays_refused_and_the_way_back_is_named(operator: Operator) -> None:
    operator.tenant("contoso")
    operator.tenant("fabrikam")
    operator.apply()
    (operator.folder / "tenants/fabrikam.yaml").unlink()
    operator.apply()
    operator.tenant("fabrikam", "name: Somebody else\n")
    with pytest.raises(ConfigurationError) as refused:
        operator.apply()
    (problem,) = refused.value.problems
    assert problem.path == "fabrikam"
    assert "broker config rollback" in problem.remedy
    assert len(operator.revisions.history()) == 2


def test_every_change_leaves_an_event_that_says_who(operator: Operator) -> None:
    operator.tenant("contoso")
    operator.apply()
    operator.tenant("contoso", "name: Contoso\n")
    operator.apply()
    operator.revisions.rollback(1, by="another")
    events = [stored.event for stored in operator.store.deployment.events()]
    assert [(event.event, event.detail["revision"], event.detail["by"]) for event in events] == [
        ("config.applied", "1", "somebody"),
        ("config.applied", "2", "somebody"),
        ("config.applied", "3", "another"),
    ]
