"""`broker impersonation show|approve ID`: the second person, where a tenant wants one.

ID is the `approval` that the help desk's application was answered. Nobody approves what they asked for themselves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace

from broker.cli.open_store import open_store
from broker.errors import BrokerError
from broker.grants.impersonation import event
from broker.store import TenantStore
from broker.store.records import ImpersonationAsked
from broker.telemetry import clean


class ApprovalRefused(BrokerError):
    """There is nothing to approve, or not for this person."""

    code = "invalid_request"
    public = "This cannot be approved."


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parts = verbs.add_parser(
        "impersonation", help="let an operator act for somebody", description=__doc__
    ).add_subparsers(required=True, metavar="ACTION")
    show = parts.add_parser("show", help="who wants to act for whom, and why")
    show.set_defaults(run=_show)
    approve = parts.add_parser("approve", help="say yes, as somebody else than who asked")
    approve.add_argument("--by", required=True, type=_name, metavar="NAME", help="who approves; the audit keeps it")
    approve.set_defaults(run=_approve)
    for action in (show, approve):
        action.add_argument("approval", type=_approval, metavar="ID")
        action.add_argument("--json", action="store_true", help="answer in JSON")


def _show(args: argparse.Namespace) -> int:
    tenant, handle = args.approval
    with open_store() as store:
        store.require_head()
        asked = _asked(store.of(tenant), handle)
    _print(tenant, asked, as_json=args.json)
    return 0


def _approve(args: argparse.Namespace) -> int:
    """Raises ApprovalRefused: approval_unknown, approval_given, approval_own."""
    tenant, handle = args.approval
    with open_store() as store:
        store.require_head()
        with store.transaction() as transaction:
            here = transaction.of(tenant)
            asked = _asked(here, handle)
            if asked.operator == args.by:
                raise ApprovalRefused("approval_own", "Nobody approves what they asked for themselves.")
            if not here.approve_impersonation(handle, args.by):
                raise ApprovalRefused("approval_given", "Somebody has approved this already.")
            asked = replace(asked, approver=args.by)
            transaction.record(event("impersonation.approved", tenant, asked))
    _print(tenant, asked, as_json=args.json)
    return 0


def _asked(here: TenantStore, handle: str) -> ImpersonationAsked:
    asked = here.impersonation(handle)
    if asked is None:
        raise ApprovalRefused("approval_unknown", "There is no such request, or it is over or was used.")
    return asked


def _approval(text: str) -> tuple[str, str]:
    """The tenant, and the whole: it begins with the tenant's id."""
    tenant, dot, _ = text.partition(".")
    if not tenant or not dot:
        raise argparse.ArgumentTypeError("an approval looks like contoso.8fK…")
    return tenant, text


def _name(text: str) -> str:
    if not text.strip() or len(text) > 200 or clean(text) != text:
        raise argparse.ArgumentTypeError("a name is text of up to 200 characters without control characters")
    return text.strip()


def _print(tenant: str, asked: ImpersonationAsked, *, as_json: bool) -> None:
    members: Mapping[str, str | None] = {
        "tenant": tenant,
        "client_id": asked.client_id,
        "operator": asked.operator,
        "subject": asked.subject,
        "reason": asked.why,
        "reference": asked.reference,
        "approver": asked.approver,
    }
    known = {name: value for name, value in members.items() if value is not None}
    print(json.dumps(known, indent=2) if as_json else "\n".join(f"{name} {value}" for name, value in known.items()))
