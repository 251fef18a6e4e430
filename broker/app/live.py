"""The configuration that is in force now, in this worker; a newer revision takes its place within seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from broker import configuration, telemetry
from broker.errors import BrokerError, Problem, StoreError
from broker.model import Configuration, Deployment
from broker.store import Store

LOG = telemetry.logger("configuration")

Warn = Callable[[Problem], None]


class Live:
    """Call it for the current configuration: one attribute read. `refresh` looks whether the store has a newer one."""

    def __init__(self, store: Store, folder: Path, deployment: Deployment, environ: Mapping[str, str]) -> None:
        self._store = store
        self._folder = folder
        self._deployment = deployment
        self._environ = environ
        self._refused = 0
        self._current = self._load()  # what there is to say of it, `prepare` has said once for all workers

    def __call__(self) -> Configuration:
        return self._current

    def refresh(self) -> None:
        """A revision that does not load here keeps the old one in force and says so, once."""
        number = self._store.deployment.live_number()
        if number in {self._current.revision, self._refused}:
            return
        try:
            self._current = self._load(warn=LOG.warning)
        except BrokerError as error:
            self._refused = number
            telemetry.report(error)
        else:
            LOG.info("revision %d is in force", number)

    def _load(self, warn: Warn | None = None) -> Configuration:
        return load_live(self._store, self._folder, self._deployment, self._environ, warn)


def load_live(
    store: Store, folder: Path, deployment: Deployment, environ: Mapping[str, str], warn: Warn | None
) -> Configuration:
    """The store's live revision. Raises StoreError (there is none), ConfigurationError."""
    live = store.deployment.live_revision()
    if live is None:
        raise StoreError("no_revision", detail="no configuration was applied yet")
    bundle = configuration.Bundle(live.files, folder)
    return configuration.load(bundle, deployment, environ=environ, revision=live.number, warn=warn)


Current = Callable[[], Configuration]
