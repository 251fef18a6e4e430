"""What the composition root has built, for the endpoints that it hands it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Request

from broker.app.live import Live
from broker.app.rp_keys import RpKeys
from broker.connectors import Connectors
from broker.enrichment import Enrichment
from broker.model import AuditEvent, Deployment
from broker.policy import Address
from broker.renewal import Renewal
from broker.seal import Seal
from broker.sessions import Sessions
from broker.signin import Portal, SignIn, Switching
from broker.signout import SignOut, SingleLogouts
from broker.store import Store, StoredKey
from broker.tokens.access import OwnTokens
from broker.tokens.keys import KeyRing
from broker.tokens.pairwise import Pairwise
from broker.web.client_door import ClientDoor
from broker.web.cookies import Cookies
from broker.web.network import client_address
from broker.web.pages import Pages
from broker.web.requested import Requests
from broker.web.senders import Senders

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class House:
    """Everything an endpoint may be handed, each built once."""

    deployment: Deployment
    store: Store
    seal: Seal
    live: Live
    keys: KeyRing[StoredKey]
    pairwise: Pairwise
    tokens: OwnTokens
    sessions: Sessions
    connectors: Connectors
    enrichment: Enrichment
    senders: Senders
    door: ClientDoor
    rp_keys: RpKeys
    signin: SignIn
    switching: Switching
    signout: SignOut
    portal: Portal
    logouts: SingleLogouts
    renewal: Renewal
    requests: Requests
    cookies: Cookies
    pages: Pages
    clock: Clock

    def record(self, event: AuditEvent) -> None:
        record(self.store, event)

    def address(self, request: Request) -> Address:
        return client_address(request, self.deployment.trusted_proxies)


def record(store: Store, event: AuditEvent) -> None:
    """An audit event in a transaction of its own: what failed changed nothing else."""
    with store.transaction() as transaction:
        transaction.record(event)
