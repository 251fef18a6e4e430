"""`broker config check DIR` and `schema`: everything wrong with a folder at once; help for editors.

What follows, from `plan` to `rollback`, is `config_life`.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from broker import configuration
from broker.cli import config_life
from broker.errors import Problem


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("config", help="check a configuration folder, see what it would change, make it live")
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    check = parts.add_parser("check", help="report every problem at once, a line each; no network request")
    check.add_argument("folder", metavar="DIR", type=Path, help="the folder that holds broker.yaml, clients/, tenants/")
    check.add_argument("--json", action="store_true", help="answer in JSON")
    check.set_defaults(run=run_check)
    schema = parts.add_parser("schema", help="print the JSON Schema of broker, client and tenant files")
    schema.add_argument("--json", action="store_true", help="no difference: the schema is JSON")
    schema.set_defaults(run=run_schema)
    config_life.add(parts)


def run_check(args: argparse.Namespace) -> int:
    """0: no problems (there may be warnings); 2: problems."""
    found = configuration.check(args.folder, os.environ)
    problems = [problem for problem in found if not problem.warning]
    if args.json:
        print(json.dumps({"valid": not problems, "problems": [asdict(problem) for problem in found]}, indent=2))
    else:
        for problem in found:
            print(_line(problem))
        print(_summary(args.folder, len(problems), len(found) - len(problems)))
    return 2 if problems else 0


def run_schema(_args: argparse.Namespace) -> int:
    print(json.dumps(configuration.schema(), indent=2))
    return 0


def _line(problem: Problem) -> str:
    return f"{problem} (warning)" if problem.warning else str(problem)


def _summary(folder: Path, problems: int, warnings: int) -> str:
    also = f" and {_counted(warnings, 'warning')}" if warnings else ""
    if problems:
        return f"{folder}: {_counted(problems, 'problem')}{also}."
    return f"{folder}: no problems{also}. It can be served."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
