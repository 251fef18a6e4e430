"""What a client signs is good once, however many threads bring it at the same moment, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from broker.clients import Assertions, Nonces, Proofs, Wanted, Workloads
from broker.clients.keys import inline
from broker.errors import BrokerError
from broker.model import ApplicationAuth, Client, Workload
from broker.seal import Seal
from broker.store import Store
from tests.unit.clients.signing import ISSUER, NOW, assertion, jwks, key, proof, signed
from tests.unit.store.test_once import THREADS, at_once

APP = Client("app", "App", (), ApplicationAuth("private_key_jwt"))


def reason_of(act: Callable[[], object]) -> str:
    try:
        act()
    except BrokerError as refused:
        return refused.reason
    return "good"


def assert_one_winner(act: Callable[[], object], loss: str) -> None:
    assert sorted(at_once(lambda: reason_of(act))) == sorted(["good", *[loss] * (THREADS - 1)])


def test_an_assertion_is_good_once(store: Store) -> None:
    """TK-17: parallel"""
    keys = inline(jwks(key("client")))
    assertions = Assertions(ISSUER, lambda *_: keys, store.deployment.remember_once, lambda: NOW)
    token = assertion("app")
    assert_one_winner(lambda: assertions.prove(APP, token), "replay")


def test_a_proof_is_good_once(store: Store) -> None:
    """TK-50: parallel"""
    clock = lambda: NOW  # noqa: E731 - one moment for all of them
    proofs = Proofs(Nonces(Seal(b"k" * 32), clock), store.deployment.remember_once, clock)
    sent, wanted = proof(), Wanted("POST", f"{ISSUER}/token")
    assert_one_winner(lambda: proofs.verify(sent, wanted), "dpop_replay")


def test_a_workloads_token_is_good_once(store: Store) -> None:
    nowhere: Any = None
    workloads = Workloads(ISSUER, nowhere, store.deployment.remember_once, lambda: NOW)
    identity = Workload("ci/1", "https://gitlab.example", subject="s", jwks=jwks(key("gitlab")))
    client = replace(APP, auth=ApplicationAuth("workload", workloads=(identity,)))
    claims = {"iss": identity.issuer, "sub": "s", "aud": ISSUER, "exp": NOW + 60, "jti": "job-1"}
    token = signed({"alg": "ES256", "typ": "JWT", "kid": "gitlab"}, claims, key("gitlab"))
    assert_one_winner(lambda: workloads.prove(client, token), "replay")
