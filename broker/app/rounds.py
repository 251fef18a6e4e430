"""Metadata and keys of every identity provider, renewed behind the scenes: by a few threads, never all at once.

After a start the first looks are spread over SPREAD seconds; from then on each connector says when its next one is due.
A dead identity provider is looked at again after AGAIN seconds, and costs one of THREADS for as long as its time limit.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from broker import policy, telemetry
from broker.audit import new_reference
from broker.connectors import Connectors, Renewing
from broker.errors import AccessDenied, BrokerError, UpstreamUnavailable
from broker.model import Configuration, IdentityProvider

THREADS = 2
SPREAD = 3600.0
AGAIN = 900.0
SECRETS = 86400.0  # where nothing but a secret's end has to be looked at
LOG = telemetry.logger("rounds")
CHANCE = secrets.SystemRandom().random

Key = tuple[str, str, str]  # tenant, IdP, fingerprint of its settings


class Rounds:
    """`look` is called every few seconds by one thread and hands on what is due."""

    def __init__(
        self,
        live: Callable[[], Configuration],
        connectors: Connectors,
        clock: Callable[[], float],
        *,
        spread: float = SPREAD,
        chance: Callable[[], float] = CHANCE,
    ) -> None:
        self._live = live
        self._connectors = connectors
        self._clock = clock
        self._spread = spread
        self._chance = chance
        self._configuration: Configuration | None = None
        self._known: dict[Key, IdentityProvider] = {}
        self._due: dict[Key, float] = {}
        self._busy: set[Key] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rounds")

    def look(self) -> None:
        """Start what is due, at most as much as there are threads."""
        now = self._clock()
        self._read(self._live(), now)
        with self._lock:
            free = THREADS - len(self._busy)
            ready = [key for key, due in self._due.items() if due <= now and key not in self._busy]
            started = sorted(ready, key=self._due.__getitem__)[: max(0, free)]
            self._busy.update(started)
        for key in started:
            idp = self._known[key]
            self._pool.submit(self._renew, key, idp).add_done_callback(partial(_ended, idp))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, configuration: Configuration, now: float) -> None:
        if configuration is self._configuration:
            return
        self._known = {(idp.tenant, idp.id, idp.fingerprint): idp for idp in _usable(configuration)}
        self._configuration = configuration
        self._connectors.keep_only(
            [(tenant.id, idp) for tenant in configuration.tenants.values() for idp in tenant.identity_providers]
        )
        with self._lock:
            self._due = {key: self._due.get(key, now + self._chance() * self._spread) for key in self._known}

    def _renew(self, key: Key, idp: IdentityProvider) -> None:
        due = self._clock() + AGAIN
        try:
            due = self._next(idp)
        except UpstreamUnavailable as failure:
            LOG.warning("not renewed", extra={"tenant": idp.tenant, "idp": idp.id, "reason": failure.reason})
        except BrokerError as error:
            telemetry.report(error)
        finally:
            with self._lock:
                self._busy.discard(key)
                if key in self._due:  # its settings may have changed meanwhile
                    self._due[key] = due

    def _next(self, idp: IdentityProvider) -> float:
        self._connectors.warn_of_secret(idp)
        connector = self._connectors.of(idp)
        return connector.renew() if isinstance(connector, Renewing) else self._clock() + SECRETS


def _ended(idp: IdentityProvider, done: Future[None]) -> None:
    """What nobody foresaw stops nobody's round, and is not silent either."""
    error = None if done.cancelled() else done.exception()
    if error is not None:
        telemetry.broke("renewal", error, reference=new_reference(), tenant=idp.tenant, idp=idp.id)


def _usable(configuration: Configuration) -> list[IdentityProvider]:
    """Every provider that somebody may sign in at now."""
    found = []
    for tenant in configuration.tenants.values():
        for idp_id in tenant.identity_providers:
            try:
                found.append(policy.usable_provider(configuration, tenant.id, idp_id)[1])
            except AccessDenied:
                continue
    return found
