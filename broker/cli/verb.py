"""What every verb of the command line offers; `broker.cli` lists them in one tuple."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Protocol


class Verb(Protocol):
    def add(self, verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Register the verb's parser and `set_defaults(run=…)`; `run(args) -> exit code` (0, 1 or 2)."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config DIR`: the flag, then BROKER_CONFIG (contract section 4); neither is bad usage."""
    given = os.environ.get("BROKER_CONFIG") or None
    parser.add_argument(
        "--config",
        type=Path,
        metavar="DIR",
        default=given,
        required=given is None,
        help="the configuration folder (default: BROKER_CONFIG)",
    )
