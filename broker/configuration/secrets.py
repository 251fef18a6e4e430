"""Secrets by name: `{env: NAME}` and `{file: PATH}` to their text. Never logs, never shows a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from broker.configuration.files import Unreadable, read_regular
from broker.configuration.shapes import SecretRef
from broker.model import Secret

LONGEST_SECRET = 65_536
SHORTEST_CLIENT_SECRET = 32  # characters; contract section 2
_FEWEST_DISTINCT = 8
_REPEATED = re.compile(r"(.{1,12})\1{2,}.{0,12}", re.DOTALL)
_SAMPLE = re.compile(
    r"change[-_ ]?(me|it)|placeholder|your[-_ ]?(client[-_ ]?)?secret|replace[-_ ]?(me|this)", re.IGNORECASE
)


class SecretSource:
    """Resolves each secret once. `root` is the configuration folder; None: relative files cannot be found."""

    def __init__(self, environ: Mapping[str, str], root: Path | None) -> None:
        self._environ = environ
        self._root = root
        self._known: dict[tuple[str | None, Path | None], Secret | str] = {}

    def resolve(self, ref: SecretRef, named_in: str) -> Secret | str:
        """The secret, or in words why there is none. `named_in`: the configuration file that names it."""
        path = self._path(ref.file, named_in) if ref.file else None
        key = (ref.env, path)
        if key not in self._known:
            self._known[key] = self._from_environment(ref.env) if ref.env else _from_file(path)
        return self._known[key]

    def secret(self, ref: SecretRef | None, named_in: str) -> Secret | None:
        found = self.resolve(ref, named_in) if ref is not None else None
        return found if isinstance(found, Secret) else None

    def _from_environment(self, name: str) -> Secret | str:
        text = self._environ.get(name, "")
        return Secret(text) if text else f"the environment variable {name} is not set"

    def _path(self, path: str, named_in: str) -> Path | None:
        if Path(path).is_absolute():
            return Path(path)
        return None if self._root is None else (self._root / named_in).parent / path


def _from_file(path: Path | None) -> Secret | str:
    """One final newline is taken off. Symbolic links are followed: mounted secrets are made of them."""
    if path is None:
        return "its file is relative, and the configuration has no folder"
    try:
        text = read_regular(path, LONGEST_SECRET).decode().removesuffix("\n").removesuffix("\r")
    except Unreadable as error:
        return f"its file {error}"
    except UnicodeDecodeError:
        return "its file is not UTF-8"
    return Secret(text) if text else "its file is empty"


def weakness(secret: Secret) -> tuple[str, str] | None:
    """Why a downstream client's secret is not good enough, and what would be right."""
    text, remedy = secret.reveal(), "make one with: openssl rand -base64 48"
    if len(text) < SHORTEST_CLIENT_SECRET:
        return f"the secret has fewer than {SHORTEST_CLIENT_SECRET} characters", remedy
    if len(set(text)) < _FEWEST_DISTINCT or _REPEATED.fullmatch(text) or _SAMPLE.search(text):
        return "the secret is a placeholder or can be guessed", remedy
    return None
