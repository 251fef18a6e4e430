"""What browsers visit."""

from __future__ import annotations

import secrets

from broker import limits
from broker.account import Account
from broker.app.house import House
from broker.limits import Limits
from broker.web.account import AccountPage
from broker.web.authorize import Authorize
from broker.web.callback import Callbacks
from broker.web.departure import Departure
from broker.web.logout import Logout
from broker.web.lookups import Lookups
from broker.web.rp_keys import RpKeysEndpoint
from broker.web.slo import SingleLogoutEndpoint
from broker.web.switch import Switch
from broker.web.upstream_logout import UpstreamLogout
from broker.web.wsfed import WsFedSignOut

Endpoint = (
    Authorize
    | Switch
    | Callbacks
    | Logout
    | AccountPage
    | SingleLogoutEndpoint
    | RpKeysEndpoint
    | UpstreamLogout
    | WsFedSignOut
)


def front(house: House) -> tuple[Endpoint, ...]:
    authorize = _authorize(house)
    departure = Departure(house.store, house.signout, house.logouts, house.cookies, house.pages)
    return (
        authorize,
        _switch(house, authorize),
        Callbacks(
            issuer=house.deployment.issuer,
            live=house.live,
            signin=house.signin,
            portal=house.portal,
            connectors=house.connectors,
            cookies=house.cookies,
            pages=house.pages,
            address=house.address,
        ),
        Logout(
            live=house.live,
            store=house.store,
            departure=departure,
            cookies=house.cookies,
            pages=house.pages,
            seal=house.seal,
            verify_hint=house.tokens.hint_claims,
        ),
        AccountPage(
            live=house.live,
            account=Account(house.store, house.sessions, house.signout, house.clock),
            departure=departure,
            sessions=house.sessions,
            cookies=house.cookies,
            pages=house.pages,
            seal=house.seal,
            address=house.address,
        ),
        SingleLogoutEndpoint(house.live, house.logouts, house.pages, house.cookies),
        RpKeysEndpoint(house.live, house.rp_keys.jwks),
        UpstreamLogout(house.live, house.store, house.connectors, house.signout, house.pages, house.clock),
        WsFedSignOut(house.live, house.store, house.connectors, house.signout, house.cookies, house.pages),
    )


def _authorize(house: House) -> Authorize:
    return Authorize(
        issuer=house.deployment.issuer,
        live=house.live,
        signin=house.signin,
        switching=house.switching,
        sessions=house.sessions,
        cookies=house.cookies,
        pages=house.pages,
        requests=house.requests,
        address=house.address,
        hints=house.tokens,
        stands=house.renewal.stands,
        clock=house.clock,
        lookups=Lookups(Limits(house.clock, secrets.token_bytes(limits.SECRET_BYTES))),
    )


def _switch(house: House, authorize: Authorize) -> Switch:
    return Switch(
        authorize=authorize,
        switching=house.switching,
        sessions=house.sessions,
        store=house.store,
        cookies=house.cookies,
        pages=house.pages,
        seal=house.seal,
        stands=house.renewal.stands,
        clock=house.clock,
    )
