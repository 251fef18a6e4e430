"""Several nodes start at the same moment on one empty store; what is made once is made once."""

from __future__ import annotations

import json
import urllib.request
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from pathlib import Path

import pytest

from broker.seal import Seal, load_key
from broker.store import Store
from tests.flows.broker_process import Installation
from tests.flows.upstreams import Upstreams
from tests.idps.processes import free_port, wait
from tests.postgresql import Server

KEY = urlsafe_b64encode(b"k" * 32).decode()
NODES = 2


def assert_made_once(made: Installation) -> None:
    """Start the nodes; every one serves the same keys, and the store holds one of everything."""
    with ExitStack() as stack:
        ports = [made.port, *(free_port() for _ in range(NODES - 1))]
        nodes = [(port, stack.enter_context(made.launched(port))) for port in ports]
        for port, process in nodes:
            wait(process, f"http://127.0.0.1:{port}/readyz", made.log)
        published = [jwks(made, port) for port in ports]
    assert published == [published[0]] * NODES
    store = Store(made.database, Seal(load_key(made.environ, made.database).key), lambda: 0.0)
    store.require_head()
    keys = store.deployment.keys("token")
    assert sorted((key.alg, key.state) for key in keys) == [
        ("ES256", "active"),
        ("ES256", "next"),
        ("RS256", "active"),
        ("RS256", "next"),
    ]
    assert {key.kid for key in keys} == published[0]
    assert [key.state for key in store.deployment.keys("sp")] == ["active"]
    assert [(revision.number, revision.summary) for revision in store.deployment.revisions()] == [(1, "first revision")]
    assert [stored.event.event for stored in store.deployment.events()] == ["config.applied"]
    store.close()


def jwks(made: Installation, port: int) -> set[str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/jwks", headers={"Host": made.issuer.split("/")[2]})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return {key["kid"] for key in json.load(answer)["keys"]}


def test_nodes_that_start_together_make_everything_once_on_sqlite(tmp_path: Path, nearby: Upstreams) -> None:
    assert_made_once(nearby.installation(tmp_path / "broker"))


@pytest.mark.postgresql
def test_nodes_that_start_together_make_everything_once_on_postgresql(
    tmp_path: Path, nearby: Upstreams, postgresql_server: Server
) -> None:
    database = postgresql_server.database()
    assert_made_once(nearby.installation(tmp_path / "broker", database, BROKER_ENCRYPTION_KEY=KEY))
