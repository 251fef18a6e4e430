"""How programs come in: which proofs of a client are taken, and how its requests are bound to it."""

from __future__ import annotations

from functools import partial

from broker.app.house import Clock, record
from broker.app.live import Live
from broker.clients import Assertions, Authentication, ClientKeys, Nonces, Proofs, Workloads
from broker.model import Deployment
from broker.outbound import Outbound
from broker.seal import Seal
from broker.store import Store
from broker.web.client_door import ClientDoor
from broker.web.senders import Senders


def senders(deployment: Deployment, store: Store, seal: Seal, clock: Clock) -> Senders:
    proofs = Proofs(Nonces(seal, clock), store.deployment.remember_once, clock)
    return Senders(deployment.issuer, proofs, deployment.mtls, deployment.trusted_proxies)


def client_door(
    issuer: str, live: Live, store: Store, outbound: Outbound, keys: ClientKeys, senders: Senders, clock: Clock
) -> ClientDoor:
    """outbound: issuers of workload tokens are asked for their keys."""
    once = store.deployment.remember_once
    authentication = Authentication(
        Assertions(issuer, keys.keyset, once, clock), Workloads(issuer, outbound, once, clock), keys.keyset
    )
    return ClientDoor(live, authentication, senders, partial(record, store))
