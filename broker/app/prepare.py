"""What must be true before the first request: schema at head, keys made, a live revision that loads. Run once, by the
master: what there is to say of the configuration is said here, and not by every worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from broker import configuration, telemetry
from broker.app import sp_keys
from broker.app.live import load_live
from broker.app.revisions import Installation, Revisions, drift
from broker.model import Deployment
from broker.seal import Seal, load_key
from broker.store import Store, StoredKey
from broker.tokens import pairwise
from broker.tokens.keys import KeyRing

LOG = telemetry.logger("start")


def open_store(deployment: Deployment, environ: Mapping[str, str], clock: Callable[[], float]) -> tuple[Store, Seal]:
    """Raises KeyRefused where the encryption key is missing or unusable."""
    held = load_key(environ, deployment.database_url)
    if held.made:
        LOG.warning("made an encryption key at %s: keep it with the database, or set BROKER_ENCRYPTION_KEY", held.path)
    seal = Seal(held.key)
    return Store(deployment.database_url, seal, clock), seal


def prepare(
    folder: Path, environ: Mapping[str, str], *, overrides: Mapping[str, str] | None = None, apply: bool = False
) -> None:
    """Raises ConfigurationError, StoreError, KeyRefused; nothing is served then."""
    telemetry.configure(json=environ.get("BROKER_LOG") == "json")
    clock = time.time
    deployment = configuration.load_deployment(folder, environ, overrides)
    store, _ = open_store(deployment, environ, clock)
    try:
        if store.empty():
            store.upgrade()
        store.require_head()
        revise(store, folder, deployment, environ, apply=apply, clock=clock)
        load_live(store, folder, deployment, environ, LOG.warning)
        key_ring(store, deployment, clock).ensure()
        with store.transaction() as transaction:
            pairwise.ensure(transaction.deployment, StoredKey, int(clock()))
            sp_keys.ensure(transaction.deployment, sp_keys.purpose(), sp_host(deployment), int(clock()))
    finally:
        store.close()


def revise(
    store: Store,
    folder: Path,
    deployment: Deployment,
    environ: Mapping[str, str],
    *,
    apply: bool,
    clock: Callable[[], float],
) -> None:
    """The folder becomes revision 1 of an empty store; later it is applied only on request, else reported as drift."""
    revisions = Revisions(store, clock)
    live = revisions.live()
    if live is not None and not apply:
        changed = drift(live, folder)
        if changed:
            LOG.warning(
                "the folder differs from the live revision %d (drift): %s", live.number, ", ".join(changed[:20])
            )
        return
    summary = "first revision" if live is None else "applied at start"
    made = revisions.apply(folder, Installation(deployment, environ), by="serve", summary=summary)
    if made is not None:
        LOG.info("revision %d is live: %s", made.number, made.summary)


def key_ring(store: Store, deployment: Deployment, clock: Callable[[], float]) -> KeyRing[StoredKey]:
    lifetimes = deployment.lifetimes
    return KeyRing(
        store,
        StoredKey,
        algorithms=deployment.signing.algorithms,
        longest=max(lifetimes.access_token, lifetimes.id_token),
        clock=clock,
    )


def sp_host(deployment: Deployment) -> str:
    """The name in our SAML certificates; nobody reads it by machine."""
    return urlsplit(deployment.issuer).hostname or "broker"
