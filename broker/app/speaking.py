"""How we speak of people: tokens of ours that come back, and what clients hear when a session is over."""

from __future__ import annotations

from functools import partial

from broker.app.house import Clock, record
from broker.enrichment import Enrichment
from broker.model import Deployment
from broker.outbound import Outbound
from broker.seal import Seal
from broker.sessions import Sessions
from broker.signout import BackChannel, Deliveries, SignOut
from broker.store import Store, StoredKey
from broker.tokens.access import OwnTokens
from broker.tokens.keys import KeyRing
from broker.tokens.logout_token import LogoutTokens
from broker.tokens.pairwise import Pairwise

Keys = KeyRing[StoredKey]


def own_tokens(deployment: Deployment, keys: Keys, seal: Seal, pairwise: Pairwise, clock: Clock) -> OwnTokens:
    algorithms = deployment.signing.algorithms
    return OwnTokens(deployment.issuer, keys, seal, pairwise=pairwise, algorithms=algorithms, clock=clock)


def enriching(deployment: Deployment, store: Store, keys: Keys, outbound: Outbound, clock: Clock) -> Enrichment:
    algorithm = deployment.signing.default
    return Enrichment(deployment.issuer, store, keys, algorithm=algorithm, outbound=outbound, clock=clock)


def signing_out(
    deployment: Deployment,
    store: Store,
    keys: Keys,
    pairwise: Pairwise,
    sessions: Sessions,
    outbound: Outbound,
    clock: Clock,
) -> SignOut:
    tokens = LogoutTokens(deployment.issuer, keys, pairwise=pairwise, signing=deployment.signing, clock=clock)
    deliveries = Deliveries(BackChannel(outbound, tokens).send, partial(record, store))
    return SignOut(deployment.issuer, pairwise, store, sessions, deliveries)
