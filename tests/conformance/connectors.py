"""One harness a protocol: a connector, and an identity provider that gives good answers to what it asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

from broker.connectors import Connector, Surroundings
from broker.connectors.oauth2 import OAuth2Connector
from broker.model import (
    AuthRequest,
    Begun,
    Callback,
    IdentityProvider,
    MetadataSource,
    OAuth2Settings,
    OidcSettings,
    Redirect,
    SamlSettings,
    Secret,
    VendorProfile,
    WsFedSettings,
)
from tests.attacks.oidc.relying_party import CALLBACK_URL, PROFILE, RelyingParty, Shelves, speaking
from tests.attacks.saml.case import Context
from tests.attacks.saml.harness import ACS, BROKER, ISSUER, NOW, connector, idp_of
from tests.attacks.wsfed import harness as federation
from tests.idps.oauth2_hub import OAuth2Hub
from tests.idps.oidc_op import OidcOp
from tests.idps.saml_signer import signer


@dataclass(frozen=True)
class Speaking:
    """answer: what the IdP sends for a request that was begun. method: how its answers come.

    foreign: the reason that refuses a good answer to another request. by_name: the protocol has nothing else for it
    than the transaction's name, which `signin` binds to the browser.
    """

    connector: Connector
    callback_url: str
    answer: Callable[[AuthRequest, Begun], Callback]
    method: str
    foreign: str
    by_name: bool = False


@dataclass(frozen=True)
class Harness:
    """idp: settings that `KINDS` can build; tenant `contoso`."""

    idp: IdentityProvider
    speaking: Callable[[], AbstractContextManager[Speaking]]


@contextmanager
def oidc() -> Iterator[Speaking]:
    with OidcOp() as op, speaking() as outbound:
        op.switches.pkce = False  # so that what refuses is our own check

        def answer(_: AuthRequest, begun: Begun) -> Callback:
            assert isinstance(begun.action, Redirect)
            location = urlsplit(op.authorize(begun.action.url))
            return Callback("GET", {name: tuple(values) for name, values in parse_qs(location.query).items()}, {})

        yield Speaking(RelyingParty(op, outbound).connector, CALLBACK_URL, answer, "GET", "nonce")


@contextmanager
def saml() -> Iterator[Speaking]:
    def answer(request: AuthRequest, begun: Begun) -> Callback:
        context = Context(
            idp=signer("idp"),
            issuer=ISSUER,
            acs=ACS,
            audience=f"{BROKER}/t/contoso/saml/adfs/metadata",
            request_id=begun.memory["request_id"],
            relay_state=request.id,
            now=NOW,
        )
        return context.post(context.signed())

    yield Speaking(connector(), ACS, answer, "POST", "in_response_to")


@contextmanager
def oauth2() -> Iterator[Speaking]:
    """Nothing of the answer names its request but the code, so it is the provider's PKCE that refuses."""
    with OAuth2Hub() as hub, speaking() as outbound:
        settings = oauth2_settings(hub)
        idp = replace(HARNESSES["oauth2"].idp, oauth2=settings)
        surroundings = Surroundings(BROKER, True, outbound, Shelves(), time.time, refused)

        def answer(_: AuthRequest, begun: Begun) -> Callback:
            assert isinstance(begun.action, Redirect)
            location = urlsplit(hub.authorize(begun.action.url))
            return Callback("GET", {name: tuple(values) for name, values in parse_qs(location.query).items()}, {})

        yield Speaking(OAuth2Connector(idp, surroundings), CALLBACK_URL, answer, "GET", "token_error")


def oauth2_settings(hub: OAuth2Hub) -> OAuth2Settings:
    at = {f"{name}_endpoint": url for name, url in hub.endpoints().items()}
    return OAuth2Settings(hub.issuer, hub.client_id, client_secret=Secret(hub.client_secret), **at)  # type: ignore[arg-type]  # its fields


def refused(idp: IdentityProvider) -> NoReturn:
    raise AssertionError("no SAML key is needed")


@contextmanager
def wsfed() -> Iterator[Speaking]:
    def answer(request: AuthRequest, _: Begun) -> Callback:
        context = replace(federation.begun()[1], wctx=request.id)
        return context.post(context.signed())

    yield Speaking(federation.connector(), federation.CALLBACK, answer, "POST", "wctx", by_name=True)


OP = OidcSettings("https://op.example.com", "broker", Secret("the secret of the broker"))
ADFS = SamlSettings(MetadataSource(url="https://adfs.example.com/metadata"))

HUB = OAuth2Settings("https://hub.example", "broker", *(f"https://hub.example/{n}" for n in ("a", "t", "p")))
HUB_PROFILE = VendorProfile("github", {}, {"id": "number"}, ("id",))

HARNESSES: Mapping[str, Harness] = {
    "oauth2": Harness(IdentityProvider("contoso", "op", "Hub", "oauth2", HUB_PROFILE, oauth2=HUB), oauth2),
    "oidc": Harness(IdentityProvider("contoso", "op", "Provider", "oidc", PROFILE, oidc=OP), oidc),
    "saml": Harness(idp_of(ADFS), saml),
    "wsfed": Harness(federation.idp_of(WsFedSettings(ADFS.metadata)), wsfed),
}
