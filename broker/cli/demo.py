"""`broker demo`: the whole picture on one machine, nothing else to install."""

from __future__ import annotations

import argparse


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser(
        "demo", help="two tenants, two identity providers and an app on this machine", description=__doc__
    )
    parser.add_argument("--check", action="store_true", help="sign in headlessly through both and print the tokens")
    parser.add_argument("--json", action="store_true", help="answer in JSON on standard output and nothing else")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="the demo app's port (default: a free one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from broker.demo.run import check, show  # noqa: PLC0415  # other verbs start without the demo's libraries

    return check() if args.check else show(args.port, as_json=args.json)
