"""What every verb of the command line offers; `broker.cli` lists them in one tuple."""

from __future__ import annotations

import argparse
from typing import Protocol


class Verb(Protocol):
    def add(self, verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Register the verb's parser and `set_defaults(run=…)`; `run(args) -> exit code` (0, 1 or 2)."""
