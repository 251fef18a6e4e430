"""`broker db upgrade`: bring the store's schema to this version of the broker."""

from __future__ import annotations

import argparse
import json

from broker.cli.open_store import open_store


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    db = verbs.add_parser("db", help="look after the database")
    upgrade = db.add_subparsers(required=True, metavar="ACTION").add_parser(
        "upgrade", help="make the schema, or bring it to this version", description=__doc__
    )
    upgrade.add_argument("--json", action="store_true", help="answer in JSON")
    upgrade.set_defaults(run=_upgrade)


def _upgrade(args: argparse.Namespace) -> int:
    with open_store() as store:
        store.upgrade()
    print(json.dumps({"up_to_date": True}) if args.json else "The database is up to date.")
    return 0
