"""`broker keys list|rotate|retire KID`: the keys that sign our tokens, or those that prove us at one IdP."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from broker.audit import new_reference
from broker.cli.open_store import open_store
from broker.configuration.shapes.fields import ID_PATTERN
from broker.errors import InvalidRequest
from broker.model import AuditEvent
from broker.store import StoredKey, Transaction
from broker.tokens import rotation
from broker.tokens.rotation import RotationRefused

RP_ALGORITHM = "RS256"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = verbs.add_parser("keys", help="list, rotate and retire the keys that sign tokens")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every key that still verifies", description="Show the signing keys.")
    listing.set_defaults(run=_list)
    rotate = actions.add_parser(
        "rotate",
        help="let the next keys sign",
        description="next -> active, active -> retired, and a new next key, for every algorithm.",
    )
    rotate.set_defaults(run=_rotate)
    retire = actions.add_parser(
        "retire",
        help="withdraw one key at once",
        description="Take a key out of the JWKS at once: nothing that it signed verifies any more.",
    )
    retire.add_argument("kid", metavar="KID")
    retire.set_defaults(run=_retire)
    for changing, why in (
        (rotate, "although it was published too recently"),
        (retire, "although it is the one that signs"),
    ):
        changing.add_argument("--force", action="store_true", help=why)
    for action in (listing, rotate, retire):
        action.add_argument("--tenant", metavar="T", help="with --idp: what proves us there (private_key_jwt)")
        action.add_argument("--idp", metavar="I", help="an identity provider of that tenant")
        action.add_argument("--json", action="store_true", help="answer in JSON")


def _list(args: argparse.Namespace) -> int:
    with open_store() as store:
        store.require_head()
        kind = _kind(args)
        keys = [_members(key, kind) for key in store.deployment.keys(kind.purpose)]
    _print(
        keys, [f"{key['kid']}  {key['alg']:6} {key['state']:8} since {key['since']}" for key in keys], as_json=args.json
    )
    return 0


def _rotate(args: argparse.Namespace) -> int:
    def rotate(transaction: Transaction, now: int) -> tuple[list[dict[str, object]], dict[str, str]]:
        kind, shelf = _kind(args), transaction.deployment
        if kind is not rotation.TOKENS and not shelf.keys(kind.purpose):
            rotation.ensure(shelf, StoredKey, [RP_ALGORITHM], now, kind)
            made = {key.state: key.kid for key in shelf.keys(kind.purpose)}
            return [{"alg": RP_ALGORITHM, "retired": None, **made}], {RP_ALGORITHM: made["active"]}
        rotated = rotation.rotate(shelf, StoredKey, now, force=args.force, kind=kind)
        return [asdict(one) for one in rotated], {one.alg: one.active for one in rotated}

    return _change("keys.rotated", rotate, args)


def _retire(args: argparse.Namespace) -> int:
    def retire(transaction: Transaction, now: int) -> tuple[list[dict[str, object]], dict[str, str]]:
        rotation.retire(transaction.deployment, StoredKey, args.kid, now, force=args.force, kind=_kind(args))
        return [{"withdrawn": args.kid}], {"kid": args.kid}

    return _change("keys.retired", retire, args)


def _change(
    event: str,
    act: Callable[[Transaction, int], tuple[list[dict[str, object]], dict[str, str]]],
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


def _kind(args: argparse.Namespace) -> rotation.Kind:
    """Raises InvalidRequest where only one of --tenant and --idp is there, or either is no id."""
    if args.tenant is None and args.idp is None:
        return rotation.TOKENS
    if not all(isinstance(name, str) and re.fullmatch(ID_PATTERN, name) for name in (args.tenant, args.idp)):
        raise InvalidRequest("usage", "--tenant and --idp go together, and both are ids.")
    return rotation.relying_party(args.tenant, args.idp)


def _members(key: StoredKey, kind: rotation.Kind) -> dict[str, object]:
    since = key.retired_at or key.activated_at or key.published_at
    return {
        "kid": key.kid,
        "alg": key.alg,
        "state": key.state,
        "since": _moment(since),
        "published_at": _moment(key.published_at),
        "may_sign_from": _moment(key.published_at + kind.publish_ahead) if key.state == "next" else None,
        **_certificate(key),
    }


def _certificate(key: StoredKey) -> dict[str, object]:
    """What an administrator uploads and compares, where the key has a certificate."""
    jwk = json.loads(key.public)
    return {name: jwk[name] for name in ("x5t", "x5t#S256", "x5c") if name in jwk}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _print(rows: list[dict[str, object]], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        json.dump(rows, sys.stdout, indent=2)
        print()
    else:
        print("\n".join(lines))
