"""Any upstream protocol in, one protocol-free `Identity` out. A new protocol is one file and one row in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.connectors.connector import (
    Connector,
    Documents,
    LoggedOut,
    RpKey,
    SpKey,
    SpKeys,
    Surroundings,
    Tells,
    Vouches,
)
from broker.connectors.oauth2 import OAuth2Connector
from broker.connectors.oidc import OidcConnector
from broker.connectors.saml import SamlConnector
from broker.connectors.wsfed import WsFedConnector
from broker.model import IdentityProvider

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
    "Connector",
    "Connectors",
    "Documents",
    "LoggedOut",
    "RpKey",
    "SpKey",
    "SpKeys",
    "Surroundings",
    "Tells",
    "Vouches",
    "path_of",
]


def path_of(idp: IdentityProvider) -> str:
    """The protocol's segment in our addresses."""
    return _PATHS.get(idp.protocol, idp.protocol)


class Connectors:
    """One connector per (tenant, IdP) and settings; built on first use, replaced when the settings change."""

    def __init__(self, surroundings: Surroundings, kinds: Mapping[str, Build] = KINDS) -> None:
        self._surroundings = surroundings
        self._kinds = kinds
        self._built: dict[tuple[str, str], tuple[str, Connector]] = {}

    def of(self, idp: IdentityProvider) -> Connector:
        key = (idp.tenant, idp.id)
        held = self._built.get(key)
        if held is not None and held[0] == idp.fingerprint:
            return held[1]
        connector = self._kinds[idp.protocol](idp, self._surroundings)
        self._built[key] = (idp.fingerprint, connector)
        return connector

    def callback_url(self, idp: IdentityProvider) -> str:
        """Where the IdP answers: the ACS, or the redirect URI."""
        return f"{self._surroundings.issuer}/t/{idp.tenant}/{path_of(idp)}/{idp.id}/{self.of(idp).path}"
