"""`broker config plan DIR`, `apply DIR`, `history`, `rollback N`: what would change, make it live, and go back.

Nothing is restarted: every worker of every node takes the new revision within seconds. `plan --json` can be kept in a
file and given to `apply --plan FILE`, which then refuses to apply anything else.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from broker import configuration
from broker.app.prepare import open_store
from broker.app.revisions import Installation, Plan, PlanRefused, Revisions
from broker.cli.doctor_store import found_store
from broker.cli.open_store import open_store as store_alone
from broker.configuration.difference import Change
from broker.store import Revision

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def add(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    plan = parts.add_parser("plan", help="the difference to what is live; changes nothing", description=__doc__)
    _folder(plan)
    plan.set_defaults(run=run_plan)
    apply = parts.add_parser("apply", help="make the folder live, without a restart", description=__doc__)
    _folder(apply)
    apply.add_argument("--plan", type=Path, metavar="FILE", help="refuse anything but this plan (`plan --json`)")
    _by(apply)
    apply.set_defaults(run=run_apply)
    history = parts.add_parser("history", help="past revisions, oldest first", description=__doc__)
    history.add_argument("--json", action="store_true", help="a JSON list")
    history.set_defaults(run=run_history)
    rollback = parts.add_parser("rollback", help="make an old revision's content live again", description=__doc__)
    rollback.add_argument("number", metavar="N", type=int, help="its number in `broker config history`")
    _by(rollback)
    rollback.add_argument("--json", action="store_true", help="answer in JSON")
    rollback.set_defaults(run=run_rollback)


def run_plan(args: argparse.Namespace) -> int:
    """0 whether anything differs or not; 2 where the folder has problems."""
    deployment = configuration.load_deployment(args.folder, os.environ)
    with found_store(deployment, os.environ) as store:
        live = None if store is None else Revisions(store, time.time).live()
    bundle = configuration.read_folder(args.folder)
    plan = Installation(deployment, os.environ).propose(bundle, live).plan
    print(json.dumps(_members(plan), indent=2) if args.json else "\n".join(_lines(plan)))
    return 0


def run_apply(args: argparse.Namespace) -> int:
    """0: it is live; 1: the plan is stale; 2: the folder has problems, or the file is no plan."""
    deployment = configuration.load_deployment(args.folder, os.environ)
    store, _ = open_store(deployment, os.environ, time.time)
    try:
        expected = None if args.plan is None else _read(args.plan)
        if store.empty():
            store.upgrade()
        store.require_head()
        installation = Installation(deployment, os.environ)
        made = Revisions(store, time.time).apply(args.folder, installation, by=args.by, plan=expected)
        number = store.deployment.live_number()
    except PlanRefused as refused:
        return _refused(refused)
    finally:
        store.close()
    _say(args, made, number, f"The folder is what revision {number} holds; nothing was changed.")
    return 0


def run_history(args: argparse.Namespace) -> int:
    with _revisions() as revisions:
        past = revisions.history()
    listed = [_listed(revision, live=revision is past[-1]) for revision in past]
    if args.json:
        print(json.dumps(listed, indent=2))
    else:
        for one in listed:
            live = "  (live)" if one["live"] else ""
            print(f"{one['revision']:>5}  {one['at']}  {one['by']}  {one['summary']}{live}")
    return 0


def run_rollback(args: argparse.Namespace) -> int:
    """0: its content is live; 1: there is no such revision."""
    try:
        with _revisions() as revisions:
            made = revisions.rollback(args.number, by=args.by)
            number = revisions.history()[-1].number
    except PlanRefused as refused:
        return _refused(refused)
    _say(args, made, number, f"Revision {number} is live and has that content already; nothing was changed.")
    return 0


@contextmanager
def _revisions() -> Iterator[Revisions]:
    """BROKER_DATABASE_URL and the key are enough (contract section 4)."""
    with store_alone() as store:
        store.require_head()
        yield Revisions(store, time.time)


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="the folder that holds broker.yaml, clients/, tenants/"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar="NAME", default=_user(), help="who does it, for the history (default: you)")


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a user without a name, as in many containers
        return str(os.getuid())


def _read(path: Path) -> Plan:
    """Only what makes a plan stale is read back. Raises PlanRefused plan_unreadable."""
    try:
        found = json.loads(path.read_bytes())
        live, digest = found["live"], found["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{path} is no plan: write one with `broker config plan DIR --json`."
        raise PlanRefused("plan_unreadable", text) from error
    return Plan(live, digest, (), (), ())


def _refused(refused: PlanRefused) -> int:
    print(f"broker: {refused.public}", file=sys.stderr)
    return 1


def _say(args: argparse.Namespace, made: Revision | None, number: int, nothing: str) -> None:
    if args.json:
        summary = None if made is None else made.summary
        print(json.dumps({"revision": number, "changed": made is not None, "summary": summary}))
    else:
        print(nothing if made is None else f"Revision {number} is live: {made.summary}.")


def _listed(revision: Revision, *, live: bool) -> dict[str, object]:
    moment = datetime.fromtimestamp(revision.at, UTC).isoformat().replace("+00:00", "Z")
    return {
        "revision": revision.number,
        "at": moment,
        "by": revision.by,
        "summary": revision.summary,
        "live": live,
    }


def _members(plan: Plan) -> dict[str, object]:
    return {
        "live": plan.live,
        "digest": plan.digest,
        "changes": [
            {"kind": one.kind, "id": one.id, "change": one.change, "details": list(one.details)} for one in plan.changes
        ],
        "restart": list(plan.restart),
        "warnings": [str(warning) for warning in plan.warnings],
    }


def _lines(plan: Plan) -> Iterator[str]:
    against = f"revision {plan.live}" if plan.live else "an empty store"
    for one in plan.changes:
        yield from _change(one)
    for name in plan.restart:
        yield f"! the environment variable {name} is new: restart the servers after setting it"
    for warning in plan.warnings:
        yield f"! {warning}"
    yield f"Against {against}: {plan.summary}." if plan.changes else f"No difference to {against}."


def _change(change: Change) -> Iterator[str]:
    yield f"{SIGNS[change.change]} {change.kind} {change.id}"
    yield from (f"    {detail}" for detail in change.details)
