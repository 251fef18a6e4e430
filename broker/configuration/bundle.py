"""A folder to the bytes that make one revision: its YAML files and the metadata files that tenants name."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.configuration.document import LONGEST_FILE, read
from broker.configuration.files import Unreadable, read_regular
from broker.errors import Problem

BROKER = "broker.yaml"
FOLDERS = ("clients", "apis", "workloads", "tenants")
LONGEST_METADATA = 8 * 1_048_576
MOST_FILES = 250_000
MOST_BYTES = 1 << 30

_NAMES_A_FILE = re.compile(rb"metadata.*?file", re.DOTALL)  # worth a closer look


@dataclass(frozen=True)
class Bundle:
    """`files`: path below the folder, with `/`, to content. `root`: the folder, for secrets named by a relative path.

    `problems`: what could not be read; `load` and `check` report them with their own.
    """

    files: Mapping[str, bytes]
    root: Path | None = None
    problems: tuple[Problem, ...] = field(default=())

    def below(self, folder: str) -> Iterator[tuple[str, bytes]]:
        prefix = f"{folder}/"
        return ((name, data) for name, data in self.files.items() if name.startswith(prefix) and name.endswith(".yaml"))


def read_folder(path: Path) -> Bundle:
    """Read a configuration folder. Never raises for what stands in it: see `Bundle.problems`."""
    reader = _Reader(path)
    reader.read()
    return Bundle(reader.files, path, tuple(reader.problems))


def resolve_reference(named_in: str, reference: str) -> str | None:
    """A relative path in a file of the folder to its path below the folder; None: it leads elsewhere."""
    if reference.startswith("/") or "\\" in reference or "\0" in reference:
        return None
    name = posixpath.normpath(posixpath.join(posixpath.dirname(named_in), reference))
    return None if name.startswith("..") or name == "." else name


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.real_root = root.resolve()
        self.files: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self.size = 0

    def read(self) -> None:
        if not self.root.is_dir():
            self._problem(".", "the configuration folder does not exist", "name a folder that holds broker.yaml")
            return
        if (self.root / BROKER).exists():
            self._take(BROKER, LONGEST_FILE)
        for folder in FOLDERS:
            for name in self._names(folder):
                self._consider(name)
        for name in [name for name in self.files if name.startswith("tenants/")]:
            self._references(name)

    def _names(self, folder: str) -> Iterator[str]:
        for current, folders, names in os.walk(self.root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            below = Path(current).relative_to(self.root).as_posix()
            yield from (f"{below}/{name}" for name in sorted(names) if not name.startswith("."))

    def _consider(self, name: str) -> None:
        if name.endswith((".yml", ".YAML", ".YML")):
            self._problem(name, "the file is ignored", "end its name in .yaml", warning=True)
        elif name.endswith(".yaml") and len(self.files) < MOST_FILES and self.size < MOST_BYTES:
            self._take(name, LONGEST_FILE)
        elif name.endswith(".yaml"):
            self._problem(name, "the configuration is too large", f"at most {MOST_FILES} files and {MOST_BYTES} bytes")

    def _references(self, name: str) -> None:
        if not _NAMES_A_FILE.search(self.files[name]):
            return
        value = read(self.files[name], name).value or {}
        for reference in _metadata_files(value):
            target = resolve_reference(name, reference)
            if target is not None and target not in self.files and (self.root / target).exists():
                self._take(target, LONGEST_METADATA)

    def _take(self, name: str, limit: int) -> None:
        path = self.root / name
        try:
            if not path.resolve().is_relative_to(self.real_root):
                raise Unreadable("is a link that leads out of the configuration folder")
            self.files[name] = read_regular(path, limit)
        except (Unreadable, OSError, RuntimeError) as error:
            what = str(error) if isinstance(error, Unreadable) else "cannot be read"
            self._problem(name, what, "put a regular file of moderate size in its place")
            return
        self.size += len(self.files[name])

    def _problem(self, name: str, what: str, remedy: str, *, warning: bool = False) -> None:
        self.problems.append(Problem(name, 1, 1, "", what, remedy, warning))


def _metadata_files(value: Mapping[str, object]) -> Iterator[str]:
    providers = value.get("identity_providers")
    for provider in providers if isinstance(providers, list) else []:
        metadata = provider.get("metadata") if isinstance(provider, dict) else None
        file = metadata.get("file") if isinstance(metadata, dict) else None
        if isinstance(file, str):
            yield file
