"""`broker audit list`: what happened, oldest first."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from broker.audit import read_reference
from broker.cli.open_store import open_store
from broker.store import StoredEvent

MEMBERS = ("tenant", "client_id", "idp", "reason", "sub", "sid")


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = verbs.add_parser("audit", help="read the audit events")
    listing = audit.add_subparsers(required=True, metavar="ACTION").add_parser(
        "list", help="the newest events, oldest first", description=__doc__
    )
    listing.add_argument("--ref", type=_reference, help="of one sign-in: the reference that the user was shown")
    listing.add_argument("--tenant", help="of one tenant")
    listing.add_argument("--limit", type=_limit, default=100, help="at most so many (100)")
    listing.add_argument("--json", action="store_true", help="a JSON list")
    listing.set_defaults(run=_list)


def _list(args: argparse.Namespace) -> int:
    with open_store() as store:
        store.require_head()
        source = store.deployment if args.tenant is None else store.of(args.tenant)
        events = source.events(args.ref, args.limit)
    if args.json:
        json.dump([_members(stored) for stored in events], sys.stdout, indent=2)
        print()
    else:
        for stored in events:
            print(_line(stored))
    return 0


def _members(stored: StoredEvent) -> dict[str, object]:
    event = stored.event
    found = {name: getattr(event, name) for name in MEMBERS}
    return {
        "number": stored.number,
        "at": _moment(stored.at),
        "event": event.event,
        "outcome": event.outcome,
        "reference": event.reference,
        **{name: value for name, value in found.items() if value is not None},
        "detail": dict(event.detail),
    }


def _line(stored: StoredEvent) -> str:
    event = stored.event
    members = [f"{name}={value}" for name in MEMBERS if (value := getattr(event, name)) is not None]
    details = [f"{name}={value!r}" for name, value in event.detail.items()]
    return " ".join([_moment(stored.at), event.reference, event.event, event.outcome, *members, *details])


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _reference(text: str) -> str:
    reference = read_reference(text)
    if reference is None:
        raise argparse.ArgumentTypeError("a reference looks like xxxx-xxxx")
    return reference


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError("a number from 1 to 100000")
    return int(text)
