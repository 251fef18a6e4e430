"""`broker person show|set|unset`: what a person's record holds for rules to read, where an IdP says too little.

A person is named by `--sub`, or by `--idp I --subject S` as the identity provider calls them. Rules see the names that
the IdP's `enrich: {attributes: […]}` lists; a change counts from the person's next sign-in.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence

from broker.audit import new_reference
from broker.cli.open_store import open_store
from broker.configuration.shapes.fields import CLAIM_PATTERN
from broker.errors import BrokerError
from broker.model import AuditEvent
from broker.store import TenantStore
from broker.telemetry import clean

MOST = 50  # names in one record
MOST_VALUES = 100  # of one name
LONGEST = 1000  # characters of a value

Record = Mapping[str, tuple[str, ...]]


class PersonRefused(BrokerError):
    """The person is not known, or the record may not hold this."""

    code = "invalid_request"
    public = "This cannot be written."


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parts = verbs.add_parser("person", help="what a person's record holds", description=__doc__).add_subparsers(
        required=True, metavar="ACTION"
    )
    show = parts.add_parser("show", help="what the record holds")
    show.set_defaults(run=_show)
    write = parts.add_parser("set", help="write values; a name given several times is a list")
    write.add_argument("values", nargs="+", metavar="NAME=VALUE", type=_pair)
    write.set_defaults(run=_set)
    unset = parts.add_parser("unset", help="take names out")
    unset.add_argument("names", nargs="+", metavar="NAME")
    unset.set_defaults(run=_unset)
    for action in (show, write, unset):
        action.add_argument("--tenant", required=True, metavar="T")
        action.add_argument("--sub", metavar="SUB", help="as our tokens call the person (public subject type)")
        action.add_argument("--idp", metavar="I", help="the identity provider, with --subject")
        action.add_argument("--subject", metavar="S", help="as the identity provider calls the person")
        action.add_argument("--json", action="store_true", help="answer in JSON")


def _show(args: argparse.Namespace) -> int:
    with open_store() as store:
        store.require_head()
        here = store.of(args.tenant)
        sub = _sub(args, here)
        _print(sub, here.attributes(sub), as_json=args.json)
    return 0


def _set(args: argparse.Namespace) -> int:
    given: dict[str, tuple[str, ...]] = {}
    for name, value in args.values:
        given[name] = (*given.get(name, ()), value)
    return _changed(args, given)


def _unset(args: argparse.Namespace) -> int:
    return _changed(args, dict.fromkeys(args.names, ()))


def _changed(args: argparse.Namespace, given: Record) -> int:
    """Names without values are taken out. Raises PersonRefused: person_unknown, too_much."""
    with open_store() as store:
        store.require_head()
        with store.transaction() as transaction:
            here = transaction.of(args.tenant)
            sub = _sub(args, here)
            transaction.deployment.lock(f"person {sub}")
            record = {name: values for name, values in {**here.attributes(sub), **given}.items() if values}
            _require_room(record)
            if not here.keep_attributes(sub, record):
                raise PersonRefused("person_unknown", "This tenant has no such person.")
            detail = {"names": " ".join(sorted(given))}
            transaction.record(
                AuditEvent("person.changed", "success", new_reference(), tenant=args.tenant, sub=sub, detail=detail)
            )
    _print(sub, record, as_json=args.json)
    return 0


def _sub(args: argparse.Namespace, here: TenantStore) -> str:
    """Raises PersonRefused: person_unnamed, person_unknown, person_ambiguous (the IdP has had several upstreams)."""
    if (args.sub is None) == (args.idp is None or args.subject is None):
        raise PersonRefused("person_unnamed", "Name the person by --sub, or by --idp and --subject.")
    if args.sub is not None:
        return str(args.sub)
    found = {known.sub for known in here.people_of(args.idp) if known.subject == args.subject}
    if not found:
        raise PersonRefused("person_unknown", "This tenant has no such person.")
    if len(found) > 1:
        raise PersonRefused("person_ambiguous", "The identity provider has had several people of that name: use --sub.")
    return found.pop()


def _require_room(record: Record) -> None:
    if len(record) > MOST or any(len(values) > MOST_VALUES for values in record.values()):
        raise PersonRefused("too_much", f"A record holds {MOST} names, and {MOST_VALUES} values of each.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or re.fullmatch(CLAIM_PATTERN, name) is None:
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    if not value.strip() or len(value) > LONGEST or clean(value) != value:
        raise argparse.ArgumentTypeError(f"a value is text of up to {LONGEST} characters without control characters")
    return name, value


def _print(sub: str, record: Record, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"sub": sub, "attributes": {name: list(values) for name, values in record.items()}}, indent=2))
        return
    print(f"sub {sub}")
    for name, values in sorted(record.items()):
        print(f"{name}: {_listed(values)}")


def _listed(values: Sequence[str]) -> str:
    return ", ".join(clean(value) for value in values)
