"""A folder proposes, the store decides: what would change, making it live, and going back.

A revision is every YAML file of the folder but `broker.yaml`, with the metadata files that tenants name. Workers look
for a newer one every other second, so nothing here restarts or interrupts anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker import configuration, telemetry
from broker.audit import new_reference
from broker.configuration.bundle import BROKER
from broker.configuration.difference import Change, between, environment_of
from broker.configuration.invited import standing
from broker.errors import BrokerError, ConfigurationError, Problem
from broker.model import AuditEvent, Configuration, Deployment
from broker.store import Revision, Store, Transaction, revision_digest

GIVEN = "tenant id"  # remembered in the tenant of that id
FOREVER = 2**62
REVISIONS = "revisions"

Files = Mapping[str, bytes]


class PlanRefused(BrokerError):
    """A plan or a revision that cannot be applied as it was asked. `reason`: plan_stale, revision_unknown."""

    code = "invalid_request"
    status = 409
    public = "The plan cannot be applied."


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a folder would do to what is live. live: that revision's number; 0: there is none.

    digest: of the folder's files, so that a plan is applied as it was read or not at all. restart: environment
    variables that no live file named; a running server may not have them yet.
    """

    live: int
    digest: str
    changes: tuple[Change, ...]
    restart: tuple[str, ...]
    warnings: tuple[Problem, ...]

    @property
    def summary(self) -> str:
        """Such as `1 tenant added, 2 clients changed`."""
        counted: dict[tuple[str, str], int] = {}
        for one in self.changes:
            counted[one.kind, one.change] = counted.get((one.kind, one.change), 0) + 1
        parts = (f"{number} {kind}{'' if number == 1 else 's'} {change}" for (kind, change), number in counted.items())
        return ", ".join(parts) or "no difference in meaning"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A folder that has been read against the live revision. added: ids of tenants that are not live."""

    plan: Plan
    files: Files
    added: Sequence[str]


@dataclass(frozen=True, slots=True)
class Installation:
    """What a folder is read for. environ: where its secrets are looked up, so that a missing one is a warning."""

    deployment: Deployment
    environ: Mapping[str, str]

    def load(self, bundle: configuration.Bundle, warnings: list[Problem] | None = None) -> Configuration:
        """Raises ConfigurationError with every problem."""
        warn = None if warnings is None else warnings.append
        return configuration.load(bundle, self.deployment, environ=self.environ, revision=0, warn=warn)

    def propose(self, bundle: configuration.Bundle, live: Revision | None) -> Proposal:
        """Raises ConfigurationError."""
        files, warnings = _files(bundle), list[Problem]()
        loaded = self.load(bundle, warnings)
        before = live.files if live else {}
        changed = set(_differing(before, files)) & files.keys()
        fresh = environment_of(files, changed) - environment_of(before) if changed and live else frozenset()
        plan = Plan(
            live=live.number if live else 0,
            digest=revision_digest(files),
            changes=between(before, files),
            restart=tuple(sorted(fresh)),
            warnings=tuple(warnings),
        )
        return Proposal(plan, files, sorted(loaded.tenants.keys() - self._live_tenants(live, loaded)))

    def _live_tenants(self, live: Revision | None, loaded: Configuration) -> Collection[str]:
        """Where this release cannot read the live revision any more, all tenants that there are now pass."""
        if live is None:
            return frozenset()
        try:
            return self.load(configuration.Bundle(live.files)).tenants.keys()
        except ConfigurationError as error:
            telemetry.report(error)
            return loaded.tenants.keys()


class Revisions:
    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def live(self) -> Revision | None:
        return self._store.deployment.live_revision()

    def history(self) -> tuple[Revision, ...]:
        """Oldest first; the last one is live."""
        return self._store.deployment.revisions()

    def apply(
        self,
        folder: Path,
        installation: Installation,
        *,
        by: str,
        summary: str | None = None,
        plan: Plan | None = None,
    ) -> Revision | None:
        """Make the folder live; None: it is already. plan: apply that one and nothing else.

        Raises ConfigurationError; PlanRefused plan_stale where folder or live revision are not the plan's any more.
        """
        while True:
            bundle, live = configuration.read_folder(folder), self.live()
            if live is not None and live.files == _files(bundle):
                return None
            proposal = installation.propose(bundle, live)
            _require_fresh(plan, proposal.plan)
            with self._store.transaction() as transaction:
                if _still(transaction, live):
                    _require_new_ids(transaction, proposal.added)
                    return self._add(transaction, proposal.files, live, by, summary or proposal.plan.summary)

    def rollback(self, number: int, *, by: str) -> Revision | None:
        """A new revision with that one's content; None: it is live already. Tenants removed since are back.

        Raises PlanRefused revision_unknown.
        """
        while True:
            past = {revision.number: revision for revision in self.history()}
            wanted, live = past.get(number), past.get(max(past, default=0))
            if wanted is None or live is None:
                raise PlanRefused("revision_unknown", f"There is no revision {number}. See `broker config history`.")
            if wanted.files == live.files:
                return None
            with self._store.transaction() as transaction:
                if _still(transaction, live):
                    return self._add(transaction, wanted.files, live, by, f"back to revision {number}")

    def _add(self, transaction: Transaction, files: Files, before: Revision | None, by: str, summary: str) -> Revision:
        """Whoever loses by it loses at once: a removed tenant's people, and guests whose entry was removed or replaced.

        An entry that stands there again later is somebody else's to come in by.
        """
        now, old = int(self._clock()), before.files if before else {}
        for change in between(old, files):
            if (change.kind, change.change) == ("tenant", "removed"):
                transaction.of(change.id).end_everything(now)
        revision = transaction.deployment.add_revision(files, by, summary, now)
        released = sum(
            transaction.of(tenant).release_guests(left, now) for tenant, left in standing(old, files).items()
        )
        detail = {"revision": str(revision.number), "summary": summary, "by": by} | _counted(
            "guests_released", released
        )
        transaction.record(AuditEvent("config.applied", "success", new_reference(), detail=detail))
        return revision


def drift(live: Revision, folder: Path) -> tuple[str, ...]:
    """The files in which the folder differs from the live revision."""
    return _differing(live.files, _files(configuration.read_folder(folder)))


def _still(transaction: Transaction, live: Revision | None) -> bool:
    """Whether nobody was quicker; from here to the end of the transaction nobody is."""
    transaction.deployment.lock(REVISIONS)
    return transaction.deployment.live_number() == (live.number if live else 0)


def _counted(name: str, many: int) -> dict[str, str]:
    return {name: str(many)} if many else {}


def _files(bundle: configuration.Bundle) -> Files:
    """`broker.yaml` belongs to the installation: it takes a restart, and no revision holds it."""
    return {name: data for name, data in bundle.files.items() if name != BROKER}


def _differing(before: Files, after: Files) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _require_new_ids(transaction: Transaction, added: Sequence[str]) -> None:
    """Contract section 1: what a removed tenant's people hold would come back to life in strangers' hands."""
    again = [tenant for tenant in added if not transaction.of(tenant).remember_once(GIVEN, FOREVER)]
    if again:
        raise ConfigurationError([_given_before(tenant) for tenant in again])


def _given_before(tenant: str) -> Problem:
    remedy = "give the tenant a new id; if it is the same tenant, go back with `broker config rollback`"
    return Problem("tenants", 1, 1, tenant, "this id belonged to a tenant that was removed", remedy)


def _require_fresh(plan: Plan | None, now: Plan) -> None:
    if plan is None:
        return
    if plan.digest != now.digest:
        raise PlanRefused("plan_stale", "The plan is stale: the folder has changed since. Plan again.")
    if plan.live != now.live:
        raise PlanRefused("plan_stale", f"The plan is stale: revision {now.live} is live by now. Plan again.")
