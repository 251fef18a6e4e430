"""One worker's application, built top to bottom: values, store, keys, use cases, endpoints."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask, Request

from broker import configuration, limits, telemetry
from broker.app.live import Live
from broker.app.notices import StoreNotices
from broker.app.prepare import key_ring, open_store, sp_host
from broker.app.rounds import Rounds
from broker.app.rp_keys import RpKeys
from broker.app.sp_keys import SpKeyRing
from broker.app.upkeep import Upkeep
from broker.connectors import Connectors, Surroundings
from broker.limits import Limits
from broker.model import AuditEvent, Deployment
from broker.outbound import Outbound, Resolve, system_resolve
from broker.policy import Address
from broker.renewal import Renewal
from broker.seal import Seal
from broker.sessions import Sessions
from broker.signin import Correlation, Portal, SignIn
from broker.signout import BackChannel, Deliveries, SignOut, SingleLogouts
from broker.store import Store, StoredKey, StoreDocuments
from broker.tokens.access import OwnTokens
from broker.tokens.issuer import Issuer
from broker.tokens.keys import KeyRing
from broker.tokens.logout_token import LogoutTokens
from broker.web import errors, forms, headers, hosts, operations
from broker.web.authorize import Authorize
from broker.web.callback import Callbacks
from broker.web.cookies import Cookies
from broker.web.cors import Cors
from broker.web.logout import Logout
from broker.web.network import client_address
from broker.web.pages import Pages
from broker.web.revoke import RevocationEndpoint
from broker.web.rp_keys import RpKeysEndpoint
from broker.web.slo import SingleLogoutEndpoint
from broker.web.token import TokenEndpoint
from broker.web.upstream_logout import UpstreamLogout
from broker.web.userinfo import UserinfoEndpoint
from broker.web.wellknown import WellKnown
from broker.web.wsfed import WsFedSignOut

UPKEEP = "broker upkeep"
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class House:
    """Everything an endpoint may be handed, each built once."""

    deployment: Deployment
    store: Store
    seal: Seal
    live: Live
    keys: KeyRing[StoredKey]
    tokens: OwnTokens
    sessions: Sessions
    connectors: Connectors
    rp_keys: RpKeys
    signin: SignIn
    signout: SignOut
    portal: Portal
    logouts: SingleLogouts
    renewal: Renewal
    cookies: Cookies
    pages: Pages
    clock: Clock

    def record(self, event: AuditEvent) -> None:
        _record(self.store, event)

    def address(self, request: Request) -> Address:
        return client_address(request, self.deployment.trusted_proxies)


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
    sessions = Sessions(store, deployment.lifetimes, clock)
    outbound = Outbound(loopback=deployment.loopback, private_networks=deployment.private_networks, resolve=resolve)
    rp_keys = RpKeys(store, clock)
    connectors = _connectors(deployment, store, outbound, rp_keys, clock)
    logout_tokens = LogoutTokens(deployment.issuer, keys, signing=deployment.signing, clock=clock)
    deliveries = Deliveries(BackChannel(outbound, logout_tokens).send, partial(_record, store))
    signin = SignIn(
        store=store,
        connectors=connectors,
        sessions=sessions,
        correlation=Correlation(seal),
        lifetimes=deployment.lifetimes,
        clock=clock,
    )
    signout = SignOut(deployment.issuer, store, sessions, deliveries)
    return House(
        deployment=deployment,
        store=store,
        seal=seal,
        live=Live(store, folder, deployment, environ),
        keys=keys,
        tokens=OwnTokens(deployment.issuer, keys, seal, algorithms=deployment.signing.algorithms, clock=clock),
        sessions=sessions,
        connectors=connectors,
        rp_keys=rp_keys,
        signin=signin,
        signout=signout,
        portal=Portal(
            issuer=deployment.issuer,
            store=store,
            connectors=connectors,
            sessions=sessions,
            correlation=Correlation(seal),
            clock=clock,
        ),
        logouts=SingleLogouts(deployment.issuer, store, connectors, signout, clock),
        renewal=Renewal(store, connectors, sessions, signout.expel, clock),
        cookies=Cookies(seal, loopback=deployment.loopback, transaction_seconds=deployment.lifetimes.sign_in),
        pages=Pages(deployment.issuer),
        clock=clock,
    )


def _record(store: Store, event: AuditEvent) -> None:
    """An audit event in a transaction of its own: what failed changed nothing else."""
    with store.transaction() as transaction:
        transaction.record(event)


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
    app.register_blueprint(WellKnown.of(issuer, house.deployment.signing.algorithms, house.keys).blueprint())
    for endpoint in (*_front(house), *_back(house)):
        app.register_blueprint(endpoint.blueprint())


def _application(house: House) -> Callable[[str], str | None]:
    def name(client_id: str) -> str | None:
        client = house.live().clients.get(client_id)
        return client.name if client else None

    return name


def _front(
    house: House,
) -> tuple[Authorize, Callbacks, Logout, SingleLogoutEndpoint, RpKeysEndpoint, UpstreamLogout, WsFedSignOut]:
    """What browsers visit."""
    return (
        Authorize(
            issuer=house.deployment.issuer,
            live=house.live,
            signin=house.signin,
            sessions=house.sessions,
            cookies=house.cookies,
            pages=house.pages,
            address=house.address,
            read_hint=house.tokens.hint,
            stands=house.renewal.stands,
            clock=house.clock,
            limits=Limits(house.clock, secrets.token_bytes(limits.SECRET_BYTES)),
        ),
        Callbacks(
            issuer=house.deployment.issuer,
            live=house.live,
            signin=house.signin,
            portal=house.portal,
            connectors=house.connectors,
            cookies=house.cookies,
            address=house.address,
        ),
        Logout(
            live=house.live,
            store=house.store,
            signout=house.signout,
            cookies=house.cookies,
            pages=house.pages,
            seal=house.seal,
            verify_hint=house.tokens.hint_claims,
            logouts=house.logouts,
        ),
        SingleLogoutEndpoint(house.live, house.logouts, house.pages, house.cookies),
        RpKeysEndpoint(house.live, house.rp_keys.jwks),
        UpstreamLogout(house.live, house.store, house.connectors, house.signout, house.pages, house.clock),
        WsFedSignOut(house.live, house.store, house.connectors, house.signout, house.cookies, house.pages),
    )


def _back(house: House) -> tuple[TokenEndpoint, UserinfoEndpoint, RevocationEndpoint]:
    """What programs call."""
    deployment, cors = house.deployment, Cors(house.live)
    issuer = Issuer(
        deployment.issuer,
        house.keys,
        house.seal,
        signing=deployment.signing,
        lifetimes=deployment.lifetimes,
        clock=house.clock,
    )
    return (
        TokenEndpoint(
            live=house.live,
            store=house.store,
            people=house.sessions,
            issuer=issuer,
            issuer_url=deployment.issuer,
            lifetimes=deployment.lifetimes,
            cors=cors,
            clock=house.clock,
            before_refresh=house.renewal.before_refresh,
        ),
        UserinfoEndpoint(
            live=house.live,
            store=house.store,
            people=house.sessions,
            tokens=house.tokens,
            issuer_url=deployment.issuer,
            cors=cors,
            clock=house.clock,
        ),
        RevocationEndpoint(live=house.live, store=house.store, tokens=house.tokens, cors=cors, clock=house.clock),
    )
