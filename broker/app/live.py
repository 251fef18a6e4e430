"""The configuration that is in force now, in this worker; a newer revision takes its place within seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from broker import configuration, telemetry
from broker.errors import BrokerError, StoreError
from broker.model import Configuration, Deployment
from broker.store import Store

LOG = telemetry.logger("configuration")


class Live:
    """Call it for the current configuration: one attribute read. `refresh` looks whether the store has a newer one."""

    def __init__(self, store: Store, folder: Path, deployment: Deployment, environ: Mapping[str, str]) -> None:
        self._store = store
        self._folder = folder
        self._deployment = deployment
        self._environ = environ
        self._refused = 0
        self._current = self._load()

    def __call__(self) -> Configuration:
        return self._current

    def refresh(self) -> None:
        """A revision that does not load here keeps the old one in force and says so, once."""
        number = self._store.deployment.live_number()
        if number in {self._current.revision, self._refused}:
            return
        try:
            self._current = self._load()
        except BrokerError as error:
            self._refused = number
            telemetry.report(error)
        else:
            LOG.info("revision %d is in force", number)

    def _load(self) -> Configuration:
        live = self._store.deployment.live_revision()
        if live is None:
            raise StoreError("no_revision", detail="no configuration was applied yet")
        bundle = configuration.Bundle(live.files, self._folder)
        return configuration.load(
            bundle, self._deployment, environ=self._environ, revision=live.number, warn=LOG.warning
        )


Current = Callable[[], Configuration]
