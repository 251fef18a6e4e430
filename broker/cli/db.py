"""`broker db upgrade`: bring the store's schema to this version of the broker."""

from __future__ import annotations

import argparse

from broker.cli.open_store import open_store


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    db = verbs.add_parser("db", help="look after the database")
    upgrade = db.add_subparsers(required=True, metavar="ACTION").add_parser(
        "upgrade", help="make the schema, or bring it to this version", description=__doc__
    )
    upgrade.set_defaults(run=_upgrade)


def _upgrade(_args: argparse.Namespace) -> int:
    with open_store() as store:
        store.upgrade()
    print("The database is up to date.")
    return 0
