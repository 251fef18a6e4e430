"""What must be true before the first request: schema at head, keys made, a live revision that loads. Run once, by the
master: what there is to say of the configuration is said here, and not by every worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from broker import configuration, telemetry
from broker.app import sp_keys
from broker.app.live import load_live
from broker.audit import new_reference
from broker.errors import ConfigurationError, Problem
from broker.model import AuditEvent, Configuration, Deployment
from broker.seal import Seal, load_key
from broker.store import Revision, Store, StoredKey
from broker.tokens.keys import KeyRing

GIVEN = "tenant id"  # remembered in the tenant of that id
FOREVER = 2**62
REVISIONS = "revisions"
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
        revise(store, folder, deployment, environ, apply=apply, now=int(clock()))
        load_live(store, folder, deployment, environ, LOG.warning)
        key_ring(store, deployment, clock).ensure()
        with store.transaction() as transaction:
            sp_keys.ensure(transaction.deployment, sp_keys.purpose(), sp_host(deployment), int(clock()))
    finally:
        store.close()


def revise(
    store: Store, folder: Path, deployment: Deployment, environ: Mapping[str, str], *, apply: bool, now: int
) -> None:
    """The folder becomes revision 1 of an empty store; later it is applied only on request, else reported as drift."""
    bundle = configuration.read_folder(folder)
    files = {name: data for name, data in bundle.files.items() if name != "broker.yaml"}
    live = store.deployment.live_revision()
    if live is not None and live.files == files:
        return
    if live is not None and not apply:
        changed = sorted(name for name in {*live.files, *files} if live.files.get(name) != files.get(name))
        LOG.warning("the folder differs from the live revision %d (drift): %s", live.number, ", ".join(changed[:20]))
        return
    loaded = configuration.load(bundle, deployment, environ=environ, revision=0)
    added = sorted(loaded.tenants.keys() - _before(live, loaded, folder, deployment, environ))
    if not _applied(store, files, live, added, now):  # another node was quicker
        revise(store, folder, deployment, environ, apply=apply, now=now)


def _before(
    live: Revision | None, loaded: Configuration, folder: Path, deployment: Deployment, environ: Mapping[str, str]
) -> Collection[str]:
    """The ids of the live tenants. Where this release cannot read them any more, all that there are now pass."""
    if live is None:
        return frozenset()
    try:
        bundle = configuration.Bundle(live.files, folder)
        return configuration.load(bundle, deployment, environ=environ, revision=live.number).tenants.keys()
    except ConfigurationError as error:
        telemetry.report(error)
        return loaded.tenants.keys()


def _applied(store: Store, files: Mapping[str, bytes], before: Revision | None, added: Sequence[str], now: int) -> bool:
    """Make the files live, unless something else has become live since `before`.

    Raises ConfigurationError where one of the `added` tenants has the id of a removed one: what that one's people
    hold would come back to life in strangers' hands (contract section 1).
    """
    summary = "first revision" if before is None else "applied at start"
    with store.transaction() as transaction:
        transaction.deployment.lock(REVISIONS)
        if transaction.deployment.live_number() != (before.number if before else 0):
            return False
        again = [tenant for tenant in added if not transaction.of(tenant).remember_once(GIVEN, FOREVER)]
        if again:
            raise ConfigurationError([_given_before(tenant) for tenant in again])
        revision = transaction.deployment.add_revision(files, "serve", summary, now)
        detail = {"revision": str(revision.number), "summary": summary}
        transaction.record(AuditEvent("config.applied", "success", new_reference(), detail=detail))
    LOG.info("revision %d is live: %s", revision.number, summary)
    return True


def _given_before(tenant: str) -> Problem:
    return Problem("tenants", 1, 1, tenant, "this id belonged to a tenant that was removed", "give the tenant a new id")


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
