"""`broker keys list|rotate|retire KID`: the keys that sign our tokens, or those that prove us to identity providers."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from broker.audit import new_reference
from broker.cli import key_sets
from broker.cli.key_sets import KeySet, Rows
from broker.cli.open_store import open_store
from broker.model import AuditEvent
from broker.store import StoredKey, Transaction
from broker.tokens.rotation import RotationRefused


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = verbs.add_parser("keys", help="list, rotate and retire the keys that sign tokens")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every key that still verifies", description="Show the signing keys.")
    listing.set_defaults(run=_list)
    rotate = actions.add_parser(
        "rotate",
        help="let the next keys sign",
        description="next -> active, active -> retired, and a new next key, for every algorithm. A SAML key pair takes "
        "two steps: the first announces the next one in our metadata, the second, two days later, lets it sign.",
    )
    rotate.set_defaults(run=_rotate)
    retire = actions.add_parser(
        "retire",
        help="withdraw one key at once",
        description="Take a key out of what we publish at once: nothing that it signed verifies any more, and what was "
        "encrypted to it stays closed.",
    )
    retire.add_argument("kid", metavar="KID")
    retire.set_defaults(run=_retire)
    for changing, why in (
        (rotate, "although it was published too recently"),
        (retire, "although it is the one that signs"),
    ):
        changing.add_argument("--force", action="store_true", help=why)
    for action in (listing, rotate, retire):
        key_sets.add(action)
        action.add_argument("--json", action="store_true", help="answer in JSON")


def _list(args: argparse.Namespace) -> int:
    with open_store() as store:
        store.require_head()
        keyset = key_sets.chosen(args, store.deployment)
        keys = [_members(key, keyset) for key in store.deployment.keys(keyset.purpose)]
    _print(
        keys, [f"{key['kid']}  {key['alg']:6} {key['state']:8} since {key['since']}" for key in keys], as_json=args.json
    )
    return 0


def _rotate(args: argparse.Namespace) -> int:
    def rotate(transaction: Transaction, now: int) -> tuple[Rows, dict[str, str]]:
        keyset = key_sets.chosen(args, transaction.deployment)
        rotated = keyset.rotate(transaction.deployment, now, force=args.force)
        return rotated, {str(one["alg"]): str(one["active"] or one["announced"]) for one in rotated}

    return _change("keys.rotated", rotate, args)


def _retire(args: argparse.Namespace) -> int:
    def retire(transaction: Transaction, now: int) -> tuple[Rows, dict[str, str]]:
        keyset = key_sets.chosen(args, transaction.deployment)
        keyset.retire(transaction.deployment, args.kid, now, force=args.force)
        return [{"withdrawn": args.kid}], {"kid": args.kid}

    return _change("keys.retired", retire, args)


def _change(
    event: str,
    act: Callable[[Transaction, int], tuple[Rows, dict[str, str]]],
    args: argparse.Namespace,
) -> int:
    """Change and audit in one transaction. Exit 1 where the key may not be changed now."""
    try:
        with open_store() as store:
            store.require_head()
            with store.transaction() as transaction:
                rows, detail = act(transaction, int(time.time()))
                transaction.record(_audited(event, args, detail))
    except RotationRefused as refused:
        print(f"broker: {refused.public} [{refused.reason}]", file=sys.stderr)
        return 1
    _print(
        rows, [", ".join(f"{name} {value}" for name, value in row.items() if value) for row in rows], as_json=args.json
    )
    return 0


def _audited(event: str, args: argparse.Namespace, detail: dict[str, str]) -> AuditEvent:
    return AuditEvent(event, "success", new_reference(), tenant=args.tenant, idp=args.idp, detail=detail)


def _members(key: StoredKey, keyset: KeySet) -> dict[str, object]:
    since = key.retired_at or key.activated_at or key.published_at
    return {
        "kid": key.kid,
        "alg": key.alg,
        "state": key.state,
        "since": _moment(since),
        "published_at": _moment(key.published_at),
        "may_sign_from": _moment(key.published_at + keyset.publish_ahead) if key.state == "next" else None,
        **keyset.certificate(key),
    }


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _print(rows: Rows, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        json.dump(rows, sys.stdout, indent=2)
        print()
    else:
        print("\n".join(lines))
