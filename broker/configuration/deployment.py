"""`broker.yaml` with the environment and the command line applied: flag, then environment, then file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from broker.configuration.bundle import BROKER, Bundle, read_folder
from broker.configuration.document import Document, read
from broker.configuration.shapes import BrokerShape, Read, SecretRef, read_shape
from broker.configuration.urls import issuer_fault
from broker.errors import ConfigurationError, Problem
from broker.model import ClientCertificates, Deployment, Lifetimes, Signing

DEFAULT_DATABASE = "sqlite:///var/broker.db"
_SQLITE = "sqlite:///"
_DATABASES = (_SQLITE, "postgresql+psycopg://")


@dataclass(frozen=True)
class Settings:
    """The deployment as far as it can be made out (None: not at all), and every problem on the way there."""

    deployment: Deployment | None
    problems: tuple[Problem, ...]


def load_deployment(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None
) -> Deployment:
    """The deployment of a configuration folder; `overrides`: `issuer`, `database` from the command line.

    `path` None: environment and overrides alone. Raises ConfigurationError.
    """
    bundle = Bundle({}) if path is None else read_folder(path)
    settings = read_settings(bundle, environ, overrides or {})
    problems = sorted(problem for problem in settings.problems if not problem.warning)
    if settings.deployment is None or problems:
        raise ConfigurationError(problems)
    return settings.deployment


def read_settings(bundle: Bundle, environ: Mapping[str, str], overrides: Mapping[str, str]) -> Settings:
    found = _read(bundle)
    problems = [problem for problem in bundle.problems if problem.file in (BROKER, ".")]
    shape = found.shape or BrokerShape()
    problems += found.problems
    issuer = overrides.get("issuer") or environ.get("BROKER_ISSUER") or shape.issuer or ""
    database = overrides.get("database") or environ.get("BROKER_DATABASE_URL")
    database = database or _database(found, shape.database, bundle.root, environ, problems)
    problems += _faults(found.document, shape, issuer, database)
    if not issuer:
        return Settings(None, tuple(problems))
    return Settings(_deployment(shape, issuer, database), tuple(problems))


def _read(bundle: Bundle) -> Read[BrokerShape]:
    if BROKER not in bundle.files:
        return Read(Document(BROKER, b""), None, ())
    return read_shape(BrokerShape, read(bundle.files[BROKER], BROKER))


def _database(
    found: Read[BrokerShape],
    named: str | SecretRef | None,
    root: Path | None,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> str:
    if isinstance(named, SecretRef):
        url = environ.get(named.env or "", "")
        if not url:
            what = f"the environment variable {named.env} is not set"
            problems.append(found.document.problem(("database",), what, "set it, or set BROKER_DATABASE_URL"))
        return url
    return _anchored(named or DEFAULT_DATABASE, root)


def _anchored(url: str, root: Path | None) -> str:
    """A relative SQLite path starts at the folder of broker.yaml."""
    path = url.removeprefix(_SQLITE)
    if root is None or path == url or not path or path.startswith(("/", ":memory:")):
        return url
    return f"{_SQLITE}{root.resolve() / path}"


def _faults(document: Document, shape: BrokerShape, issuer: str, database: str) -> list[Problem]:
    faults = []
    if not issuer and ("issuer",) not in document.refused:
        faults.append(document.problem(("issuer",), "is missing", "add `issuer: https://…`, or set BROKER_ISSUER"))
    elif issuer and (fault := issuer_fault(issuer)):
        faults.append(document.problem(("issuer",), *fault))
    if database and not database.startswith(_DATABASES):
        remedy = "write sqlite:///FILE or postgresql+psycopg://…"
        faults.append(document.problem(("database",), "is not a database that is supported", remedy))
    if shape.admin is not None:
        what = "has no effect: administration is not supported by this version"
        faults.append(document.problem(("admin",), what, "remove it", at_key=True, warning=True))
    if shape.signing.rotate_every is not None:
        what = "has no effect: keys are rotated by `broker keys rotate` in this version"
        faults.append(document.problem(("signing", "rotate_every"), what, "run it as often", at_key=True, warning=True))
    if shape.mtls is not None and not shape.trusted_proxies:
        what = "nobody's headers are believed: there is no trusted proxy"
        faults.append(document.problem(("mtls",), what, "add `trusted_proxies: […]`", at_key=True))
    lifetimes = _lifetimes(shape)
    if lifetimes.session_idle > lifetimes.session_absolute:
        path = ("lifetimes", "session_idle")
        faults.append(document.problem(path, "is longer than session_absolute", "make it shorter"))
    return faults


def _deployment(shape: BrokerShape, issuer: str, database: str) -> Deployment:
    return Deployment(
        issuer=issuer,
        database_url=database,
        trusted_proxies=tuple(shape.trusted_proxies),
        private_networks=tuple(shape.outbound.private_networks),
        signing=Signing(default=shape.signing.default, also=tuple(shape.signing.also)),
        lifetimes=_lifetimes(shape),
        mtls=ClientCertificates(shape.mtls.header, shape.mtls.verify_header) if shape.mtls else None,
    )


def _lifetimes(shape: BrokerShape) -> Lifetimes:
    given = {name: value for name, value in shape.lifetimes.model_dump().items() if value is not None}
    return replace(Lifetimes(), **given)
