"""Any upstream protocol in, one protocol-free `Identity` out. A new protocol is one file and one row in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from threading import Lock

from broker.connectors.breaker import Breaker
from broker.connectors.connector import (
    Approving,
    Begins,
    Connector,
    Documents,
    Examined,
    Finding,
    Introduces,
    LoggedOut,
    Notices,
    Renewing,
    RpKey,
    SignsOut,
    SpKey,
    SpKeys,
    Surroundings,
    Target,
    Tells,
    Vouches,
)
from broker.connectors.endings import warn
from broker.connectors.oauth2 import OAuth2Connector
from broker.connectors.oidc import OidcConnector
from broker.connectors.saml import SamlConnector
from broker.connectors.saml.logout import SingleLogout
from broker.connectors.wsfed import WsFedConnector
from broker.model import Begun, IdentityProvider

Build = Callable[[IdentityProvider, Surroundings], Connector]

KINDS: Mapping[str, Build] = {
    "oauth2": OAuth2Connector,
    "oidc": OidcConnector,
    "saml": SamlConnector,
    "wsfed": WsFedConnector,
}

_PATHS: Mapping[str, str] = {"oauth2": "oidc"}  # /t/<tenant>/oidc/… is where we are a client of OAuth 2.0 in any form

__all__ = [
    "KINDS",
    "Approving",
    "Begins",
    "Connector",
    "Connectors",
    "Documents",
    "Examined",
    "Finding",
    "Introduces",
    "LoggedOut",
    "Notices",
    "Renewing",
    "RpKey",
    "SignsOut",
    "SingleLogout",
    "SpKey",
    "SpKeys",
    "Surroundings",
    "Target",
    "Tells",
    "Vouches",
    "path_of",
    "secret_ends",
]


def path_of(idp: IdentityProvider) -> str:
    """The protocol's segment in our addresses."""
    return _PATHS.get(idp.protocol, idp.protocol)


def secret_ends(idp: IdentityProvider) -> int | None:
    """When the client secret stops working there (epoch seconds), as the operator has written down."""
    settings = idp.oidc or idp.oauth2
    return None if settings is None else settings.client_secret_expires


class Connectors:
    """One connector per (tenant, IdP) and settings; built on first use, replaced when the settings change."""

    def __init__(self, surroundings: Surroundings, kinds: Mapping[str, Build] = KINDS) -> None:
        self._surroundings = surroundings
        self._kinds = kinds
        self._built: dict[tuple[str, str], tuple[str, Connector]] = {}
        self._building = Lock()  # one connector, and one breaker, for all threads

    def of(self, idp: IdentityProvider) -> Connector:
        key = (idp.tenant, idp.id)
        held = self._built.get(key)
        if held is not None and held[0] == idp.fingerprint:
            return held[1]
        with self._building:
            held = self._built.get(key)
            if held is None or held[0] != idp.fingerprint:
                guarded = self._surroundings.outbound.behind(Breaker(self._surroundings.clock))
                connector = self._kinds[idp.protocol](idp, replace(self._surroundings, outbound=guarded))
                held = self._built[key] = (idp.fingerprint, connector)
        return held[1]

    def keep_only(self, configured: Collection[tuple[str, str]]) -> None:
        """Let go of what was built for an IdP, (tenant, id), that is configured no more."""
        with self._building:
            for gone in self._built.keys() - set(configured):
                del self._built[gone]

    def warn_of_secret(self, idp: IdentityProvider) -> None:
        """Say it in time where the secret at the IdP ends on a known day."""
        ends = secret_ends(idp)
        if ends is not None:
            warn(self._surroundings.notices, idp, "client_secret", "client_secret", ends, self._surroundings.clock())

    def single_logout(self, idp: IdentityProvider) -> SingleLogout | None:
        connector = self.of(idp)
        return connector.logout if isinstance(connector, SamlConnector) else None

    def sign_out(self, idp: IdentityProvider, known: Mapping[str, str], name: str) -> Begun | None:
        """`SignsOut.sign_out` of the IdP's connector. None too: its protocol has no such thing."""
        connector = self.of(idp)
        return connector.sign_out(known, name) if isinstance(connector, SignsOut) else None

    def callback_url(self, idp: IdentityProvider) -> str:
        """Where the IdP answers: the ACS, or the redirect URI."""
        return f"{self._surroundings.issuer}/t/{idp.tenant}/{path_of(idp)}/{idp.id}/{self.of(idp).path}"
