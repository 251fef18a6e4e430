"""The command line: one module a verb, listed below. Exit 0 success, 1 fell short, 2 bad usage or configuration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from broker.cli import audit, claims, config, db, demo, doctor, impersonation, keys, person, route, serve, tenant
from broker.cli.verb import Verb
from broker.errors import BrokerError, ConfigurationError

VERBS: tuple[Verb, ...] = (demo, serve, config, route, claims, doctor, tenant, person, impersonation, keys, audit, db)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="broker", description="A federation broker: every tenant's own identity provider in, one token issuer out."
    )
    top.add_argument("--version", action="version", version=f"broker {version('broker')}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.add(verbs)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except ConfigurationError as error:
        print("\n".join(str(problem) for problem in error.problems), file=sys.stderr)
        return 2
    except BrokerError as error:
        print(f"broker: {explain(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code


def explain(error: BrokerError) -> str:
    """One line: what is wrong, then which check said so."""
    text = error.public if error.detail is None else f"{error.public} {error.detail}"
    return f"{text} [{error.reason}]"
