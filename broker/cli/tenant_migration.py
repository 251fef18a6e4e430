"""`broker tenant migrate-idp T --from I --to J`: people of I keep their `sub` when they sign in at J.

--map FILE: CSV with the header `from,to`, a line a person: the subject at I, the subject at J.
--by email: what I verified and said in sessions that still live becomes a name that J may prove, where J has
`link_by_email: true`. With --unverified, also what I did not speak of; never what I called unverified.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from contextlib import closing
from pathlib import Path

from broker import configuration, crosswalk, policy
from broker.app.prepare import open_store
from broker.crosswalk import Plan
from broker.model import Configuration, IdentityProvider, Lifetimes
from broker.persons import BY_EMAIL
from broker.sessions import Sessions
from broker.store import Store


class _Unusable(Exception):
    """Bad usage, in words for the operator."""


def add(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser("migrate-idp", help="keep people's sub from one IdP to another", description=__doc__)
    parser.add_argument("tenant", metavar="TENANT")
    parser.add_argument("--from", dest="source", metavar="I", required=True, help="the IdP that people come from")
    parser.add_argument("--to", dest="target", metavar="J", required=True, help="the IdP that they go to")
    parser.add_argument("--config", type=Path, metavar="DIR", required=True, help="the configuration folder, with J")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--map", type=Path, metavar="FILE", help="CSV: from,to")
    how.add_argument("--by", choices=["email"], help="by the address that I said")
    parser.add_argument("--unverified", action="store_true", help="with --by email: believe I where it says nothing")
    parser.add_argument("--upstream", metavar="NAME", help="J's issuer or entityID, where its settings name none")
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: all carried, or could be; 1: some could not; 2: bad usage or configuration."""
    deployment = configuration.load_deployment(args.config, os.environ)
    loaded = configuration.load(configuration.read_folder(args.config), deployment, environ=os.environ, revision=0)
    try:
        target = _target(loaded, args)
        store, _ = open_store(deployment, os.environ, time.time)
        with closing(store):
            store.require_head()
            plan = _plan(loaded, store, deployment.lifetimes, target, args)
            carried = 0 if args.dry_run else _carry(store, plan, args)
    except _Unusable as unusable:
        print(f"broker: {unusable}", file=sys.stderr)
        return 2
    _show(plan, carried, args)
    return 0 if plan.whole else 1


def _target(loaded: Configuration, args: argparse.Namespace) -> IdentityProvider:
    tenant = loaded.tenants.get(args.tenant)
    found = tenant.identity_providers.get(args.target) if tenant else None
    if found is None:
        raise _Unusable(f"there is no identity provider {args.tenant}/{args.target}")
    if args.source == args.target:
        raise _Unusable("--from and --to are the same identity provider")
    return found


def _plan(
    loaded: Configuration, store: Store, lifetimes: Lifetimes, target: IdentityProvider, args: argparse.Namespace
) -> Plan:
    here = store.of(args.tenant)
    if args.unverified and args.by is None:
        raise _Unusable("--unverified is for --by email")
    if args.map is not None:
        return crosswalk.by_subject(here, args.source, (target.id, _upstream(target, args.upstream)), _pairs(args.map))
    if not target.link_by_email:
        raise _Unusable(f"{args.target} does not link by address: set link_by_email there, or give --map")
    sessions = Sessions(store, lifetimes, time.time)
    believed = (True, None) if args.unverified else (True,)  # False: anybody may have typed it there
    said = [
        (sessions.own_address(loaded, one), one.sub)
        for one in here.sessions_at(args.source)
        if sessions.identity(one).email_verified in believed
    ]
    return crosswalk.by_name(here, BY_EMAIL, [(address, sub) for address, sub in said if address is not None])


def _upstream(target: IdentityProvider, given: str | None) -> str:
    """What a person's key will hold: a metadata address is no entityID, and Entra's template no issuer."""
    if given is not None:
        return given
    settings = policy.upstream_of(target)
    named = target.saml is None or target.saml.entity_id or target.saml.metadata.document
    if not settings or not named or (target.oidc is not None and target.oidc.of_many_tenants):
        raise _Unusable(f"the settings of {target.id} do not name its issuer or entityID: give --upstream")
    return settings


def _pairs(file: Path) -> dict[str, str]:
    try:
        with file.open(newline="", encoding="utf-8") as text:
            rows = list(csv.reader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as failed:
        raise _Unusable(f"{file} cannot be read: {type(failed).__name__}") from None
    if not rows or rows[0] != ["from", "to"]:
        raise _Unusable(f"{file}:1: the header must be from,to")
    pairs: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not all(row):
            raise _Unusable(f"{file}:{number}: a line holds two subjects")
        if row[0] in pairs or row[1] in pairs.values():
            raise _Unusable(f"{file}:{number}: a subject stands here twice")
        pairs[row[0]] = row[1]
    return pairs


def _carry(store: Store, plan: Plan, args: argparse.Namespace) -> int:
    with store.transaction() as transaction:
        return crosswalk.carry(transaction, args.tenant, args.source, args.target, plan)


def _show(plan: Plan, carried: int, args: argparse.Namespace) -> None:
    left = {"unknown": plan.unknown, "ambiguous": plan.ambiguous, "taken": plan.taken}
    if args.json:
        answer = {
            "tenant": args.tenant,
            "from": args.source,
            "to": args.target,
            "dry_run": args.dry_run,
            "to_carry": len(plan.carry),
            "carried": carried,
            "done_before": len(plan.done),
            **left,
        }
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    did = f"{len(plan.carry)} would be carried over" if args.dry_run else f"{carried} carried over"
    print(f"{args.tenant}: {args.source} -> {args.target}: {did}, {len(plan.done)} were before")
    for what, subjects in left.items():
        for subject in subjects:
            print(f"  {what}: {subject}")
