"""What programs call."""

from __future__ import annotations

from broker.app.house import House
from broker.grants.introduced import Introductions
from broker.tokens.introspection import IntrospectionAnswers
from broker.tokens.issuer import Issuer
from broker.tokens.userinfo import UserinfoAnswers
from broker.web.access import AccessEndpoint
from broker.web.cors import Cors
from broker.web.introspect import IntrospectionEndpoint
from broker.web.par import PushedAuthorization
from broker.web.revoke import RevocationEndpoint
from broker.web.token import TokenEndpoint
from broker.web.userinfo import UserinfoEndpoint

Endpoint = (
    TokenEndpoint | UserinfoEndpoint | RevocationEndpoint | IntrospectionEndpoint | PushedAuthorization | AccessEndpoint
)


def back(house: House) -> tuple[Endpoint, ...]:
    deployment, cors = house.deployment, Cors(house.live)
    door = house.door
    return (
        TokenEndpoint(
            door=door,
            store=house.store,
            people=house.sessions,
            issuer=_issuer(house),
            tokens=house.tokens,
            issuer_url=deployment.issuer,
            lifetimes=deployment.lifetimes,
            cors=cors,
            clock=house.clock,
            before_refresh=house.renewal.before_refresh,
            introduce=Introductions(house.connectors, house.enrichment, house.seal, house.clock),
        ),
        UserinfoEndpoint(
            live=house.live,
            store=house.store,
            people=house.sessions,
            tokens=house.tokens,
            answers=UserinfoAnswers(deployment.issuer, house.keys, house.pairwise, house.clock),
            senders=house.senders,
            issuer_url=deployment.issuer,
            cors=cors,
            clock=house.clock,
        ),
        RevocationEndpoint(door=door, store=house.store, tokens=house.tokens, cors=cors, clock=house.clock),
        IntrospectionEndpoint(
            door=door,
            store=house.store,
            people=house.sessions,
            tokens=house.tokens,
            pairwise=house.pairwise,
            answers=IntrospectionAnswers(deployment.issuer, house.keys, signing=deployment.signing, clock=house.clock),
            issuer_url=deployment.issuer,
            clock=house.clock,
        ),
        PushedAuthorization(door, house.requests, house.tokens, cors, house.clock),
        _access(house),
    )


def _access(house: House) -> AccessEndpoint:
    return AccessEndpoint(
        live=house.live,
        store=house.store,
        people=house.sessions,
        tokens=house.tokens,
        pairwise=house.pairwise,
        senders=house.senders,
        cors=Cors(house.live),
        record=house.record,
        clock=house.clock,
    )


def _issuer(house: House) -> Issuer:
    deployment = house.deployment
    return Issuer(
        deployment.issuer,
        house.keys,
        house.seal,
        pairwise=house.pairwise,
        signing=deployment.signing,
        lifetimes=deployment.lifetimes,
        clock=house.clock,
    )
