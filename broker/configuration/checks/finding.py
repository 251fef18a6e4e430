"""A finding is a problem that has no place yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from broker.configuration.bundle import Bundle
from broker.configuration.document import Path
from broker.configuration.secrets import SecretSource
from broker.configuration.shapes import SecretRef
from broker.configuration.urls import Fault, UrlRules
from broker.model import ClientCertificates, Lifetimes, Workload


@dataclass(frozen=True)
class Finding:
    path: Path
    what: str
    remedy: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Context:
    """What the checks need to know beside the object: its file, what broker.yaml says, secrets, the other files.

    deployed: broker.yaml could be read. workloads: the shared identities, by name. today: in UTC, for warnings alone.
    """

    file: str
    rules: UrlRules
    algorithms: tuple[str, ...]
    lifetimes: Lifetimes
    secrets: SecretSource
    bundle: Bundle
    deployed: bool = False
    certificates: ClientCertificates | None = None
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def urls(path: Path, listed: Iterable[str], judge: Callable[[str], Fault | None]) -> Iterable[Finding]:
    for index, url in enumerate(listed):
        if fault := judge(url):
            yield Finding((*path, index), *fault)


def repeated(path: Path, listed: Iterable[str]) -> Iterable[Finding]:
    seen: set[str] = set()
    for index, item in enumerate(listed):
        if item in seen:
            yield Finding((*path, index), f"`{item}` stands here twice", "keep one of the two")
        seen.add(item)


def unresolved(path: Path, ref: SecretRef | None, context: Context) -> Iterable[Finding]:
    """A secret that cannot be found now is a warning: the object fails cleanly until it can."""
    found = context.secrets.resolve(ref, context.file) if ref is not None else None
    if isinstance(found, str):
        yield Finding(path, f"the secret cannot be resolved: {found}", "provide it before start", warning=True)
