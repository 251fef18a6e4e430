"""`broker tenant …`: what concerns one tenant as a whole."""

from __future__ import annotations

import argparse

from broker.cli import tenant_handout, tenant_migration


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parts = verbs.add_parser("tenant", help="what concerns one tenant").add_subparsers(metavar="PART", required=True)
    tenant_handout.add(parts)
    tenant_migration.add(parts)
