"""What is made once, also where another node does the same thing in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration
from broker.app import create, prepare
from broker.app.prepare import revise
from broker.configuration import Bundle
from broker.model import Configuration, Deployment
from broker.seal import Seal, load_key
from broker.store import Store
from tests.flows.conftest import installation

ISSUER = "https://login.example.com"


def test_first_revision_is_made_once_when_another_node_is_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broker.yaml").write_text(f"issuer: {ISSUER}\n")
    deployment = configuration.load_deployment(tmp_path, {})
    store = Store(f"sqlite:///{tmp_path}/broker.db", Seal(b"k" * 32), lambda: 0.0)
    store.upgrade()
    load, calls = configuration.load, []

    def load_while_another_node_applies(bundle: Bundle, own: Deployment, **more: object) -> Configuration:
        calls.append(1)
        if len(calls) == 1:
            revise(store, tmp_path, deployment, {}, apply=True, clock=lambda: 0.0)
        return load(bundle, own, **more)  # type: ignore[arg-type]  # what `revise` passes

    monkeypatch.setattr(configuration, "load", load_while_another_node_applies)
    revise(store, tmp_path, deployment, {}, apply=True, clock=lambda: 0.0)
    assert [revision.number for revision in store.deployment.revisions()] == [1]
    assert len(calls) == 2
    store.close()


def test_key_made_by_another_process_beside_its_database_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That process made key and database between our look for the key and our look for the database."""
    database = tmp_path / "broker.db"
    exists = Path.exists

    def exists_after_the_other(path: Path) -> bool:
        found = exists(path)
        if path == database and not found:
            load_key({}, f"sqlite:///{database}.other")
            (tmp_path / "broker.db.other.key").rename(tmp_path / "broker.db.key")
            database.write_bytes(b"made")
            return True
        return found

    monkeypatch.setattr(Path, "exists", exists_after_the_other)
    held = load_key({}, f"sqlite:///{database}")
    assert not held.made


def test_prepare_is_idempotent(tmp_path: Path) -> None:
    (tmp_path / "broker.yaml").write_text(f"issuer: {ISSUER}\ndatabase: sqlite:///{tmp_path}/broker.db\n")
    for _ in range(2):
        prepare(tmp_path, {})
    key = load_key({}, f"sqlite:///{tmp_path}/broker.db").key
    store = Store(f"sqlite:///{tmp_path}/broker.db", Seal(key), lambda: 0.0)
    assert len(store.deployment.revisions()) == 1
    assert len(store.deployment.keys("token")) == 4
    store.close()


def test_what_there_is_to_say_of_a_configuration_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the master, at every start; the workers say it of revisions that come later."""
    made = installation(tmp_path)
    tenant = {"issuer": "https://idp.example.com", "client_id": "a", "client_secret": {"env": "NOWHERE"}}
    made.tenant("contoso", [{"id": "op", "protocol": "oidc", **tenant}], ["contoso.example"])
    for _ in range(2):
        prepare(made.folder, made.environ)
        workers = [create(made.folder, made.environ, upkeep=False) for _ in range(2)]
        assert capsys.readouterr().err.count("NOWHERE") == 1
    made.tenant("contoso", [{"id": "op", "protocol": "oidc", **tenant, "name": "OP"}], ["contoso.example"])
    prepare(made.folder, made.environ, apply=True)
    assert capsys.readouterr().err.count("NOWHERE") == 1
    for worker in workers:
        worker.extensions["broker"].live.refresh()
        worker.extensions["broker"].store.close()
    assert capsys.readouterr().err.count("NOWHERE") == 2
