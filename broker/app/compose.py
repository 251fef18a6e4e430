"""One worker's application, built top to bottom: values, store, keys, use cases, endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask

from broker import configuration, telemetry
from broker.app.asking import asking
from broker.app.back import back
from broker.app.door import client_door, senders
from broker.app.front import front
from broker.app.house import Clock, House
from broker.app.live import Live
from broker.app.notices import StoreNotices
from broker.app.prepare import key_ring, open_store, sp_host
from broker.app.rounds import Rounds
from broker.app.rp_keys import RpKeys
from broker.app.sp_keys import SpKeyRing
from broker.app.speaking import enriching, own_tokens, signing_out
from broker.app.upkeep import Upkeep
from broker.clients.keys import ClientKeys
from broker.clients.request_object import RequestObjects
from broker.connectors import Connectors, Surroundings
from broker.enrichment import Enrichment
from broker.model import Deployment
from broker.outbound import Outbound, Resolve, system_resolve
from broker.renewal import Renewal
from broker.seal import Seal
from broker.sessions import Sessions
from broker.signin import Correlation, Portal, SignIn, Switching
from broker.signout import SingleLogouts
from broker.store import Store, StoreDocuments
from broker.tokens.pairwise import Pairwise, stored
from broker.web import errors, forms, headers, hosts, operations
from broker.web.cookies import Cookies
from broker.web.pages import Pages
from broker.web.requested import Requests
from broker.web.wellknown import WellKnown

LARGEST_FORM = 2 * 1_048_576  # bytes: a SAML response with ten thousand group values fits


def create(
    folder: Path,
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, str] | None = None,
    clock: Clock = time.time,
    resolve: Resolve = system_resolve,
    upkeep: bool = True,
) -> Flask:
    """A WSGI application on a prepared store. Raises ConfigurationError, StoreError, KeyRefused.

    The composed `House` is `app.extensions["broker"]`: for the process that owns the application, not for its code.
    """
    telemetry.configure(json=environ.get("BROKER_LOG") == "json")
    house = build(folder, environ, overrides or {}, clock, resolve)
    app = Flask("broker", static_folder=None, template_folder=None)
    app.request_class = forms.Request
    app.config["MAX_CONTENT_LENGTH"] = forms.LARGEST_FORM
    app.url_map.merge_slashes = False  # another spelling of an address is another address, not a redirect
    app.extensions["broker"] = house
    _register(app, house)
    if upkeep:
        rounds = Rounds(house.live, house.connectors, clock)
        kept = app.extensions[UPKEEP] = Upkeep(house.store, house.live, house.signin, rounds, clock)
        kept.start()
    return app


def close(app: Flask) -> None:
    """At the worker's end."""
    if UPKEEP in app.extensions:
        app.extensions[UPKEEP].stop()
    app.extensions["broker"].store.close()


def build(
    folder: Path, environ: Mapping[str, str], overrides: Mapping[str, str], clock: Clock, resolve: Resolve
) -> House:
    deployment = configuration.load_deployment(folder, environ, overrides)
    store, seal = open_store(deployment, environ, clock)
    store.require_head()
    keys = key_ring(store, deployment, clock)
    pairwise = Pairwise(stored(store))
    sessions = Sessions(store, deployment.lifetimes, clock)
    outbound = Outbound(loopback=deployment.loopback, private_networks=deployment.private_networks, resolve=resolve)
    rp_keys = RpKeys(store, clock)
    client_keys = ClientKeys(outbound, clock)
    connectors = _connectors(deployment, store, outbound, rp_keys, clock)
    enrichment = enriching(deployment, store, keys, outbound, clock)
    signin = _signin(deployment, store, connectors, sessions, seal, enrichment, clock)
    signout = signing_out(deployment, store, keys, pairwise, sessions, outbound, clock)
    live = Live(store, folder, deployment, environ)
    seen = senders(deployment, store, seal, clock)
    return House(
        deployment=deployment,
        store=store,
        seal=seal,
        live=live,
        keys=keys,
        pairwise=pairwise,
        tokens=own_tokens(deployment, keys, seal, pairwise, clock),
        sessions=sessions,
        connectors=connectors,
        enrichment=enrichment,
        senders=seen,
        door=client_door(deployment.issuer, live, store, outbound, client_keys, seen, clock),
        rp_keys=rp_keys,
        signin=signin,
        switching=Switching(store, sessions, signin, clock),
        signout=signout,
        portal=_portal(deployment, store, connectors, sessions, seal, enrichment, clock),
        logouts=SingleLogouts(deployment.issuer, store, connectors, signout, clock),
        renewal=Renewal(store, connectors, sessions, signout.expel, clock),
        requests=Requests(
            store, RequestObjects(deployment.issuer, client_keys), seal, clock, seconds=deployment.lifetimes.sign_in
        ),
        cookies=Cookies(seal, loopback=deployment.loopback, transaction_seconds=deployment.lifetimes.sign_in),
        pages=Pages(deployment.issuer),
        clock=clock,
    )


def _signin(
    deployment: Deployment,
    store: Store,
    connectors: Connectors,
    sessions: Sessions,
    seal: Seal,
    enrichment: Enrichment,
    clock: Clock,
) -> SignIn:
    return SignIn(
        store=store,
        connectors=connectors,
        sessions=sessions,
        correlation=Correlation(seal),
        enrichment=enrichment,
        lifetimes=deployment.lifetimes,
        clock=clock,
    )


def _portal(
    deployment: Deployment,
    store: Store,
    connectors: Connectors,
    sessions: Sessions,
    seal: Seal,
    enrichment: Enrichment,
    clock: Clock,
) -> Portal:
    return Portal(
        issuer=deployment.issuer,
        store=store,
        connectors=connectors,
        sessions=sessions,
        correlation=Correlation(seal),
        enrichment=enrichment,
        clock=clock,
    )


def _connectors(deployment: Deployment, store: Store, outbound: Outbound, rp_keys: RpKeys, clock: Clock) -> Connectors:
    return Connectors(
        Surroundings(
            issuer=deployment.issuer,
            loopback=deployment.loopback,
            outbound=outbound,
            documents=StoreDocuments(store),
            clock=clock,
            sp_keys=SpKeyRing(store, sp_host(deployment), clock),
            rp_key=rp_keys.active,
            notices=StoreNotices(store),
        )
    )


def _register(app: Flask, house: House) -> None:
    issuer = house.deployment.issuer
    hosts.register(app, issuer, house.live)
    headers.register(app, issuer)
    errors.register(app, house.pages, house.record, issuer=issuer, application=_application(house))
    app.register_blueprint(house.pages.blueprint())
    app.register_blueprint(operations.blueprint(house.store, house.keys))
    certificates = house.deployment.mtls is not None
    published = WellKnown.of(issuer, house.deployment.signing.algorithms, house.keys, certificates=certificates)
    app.register_blueprint(published.blueprint())
    for endpoint in (*front(house), *back(house), *asking(house)):
        app.register_blueprint(endpoint.blueprint())


def _application(house: House) -> Callable[[str], str | None]:
    def name(client_id: str) -> str | None:
        client = house.live().clients.get(client_id)
        return client.name if client else None

    return name


UPKEEP = "broker upkeep"
