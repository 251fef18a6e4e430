"""A WS-Federation connector with a trusted IdP, and the sign-in that an attack answers."""

from __future__ import annotations

from broker.connectors.wsfed import WsFedConnector
from broker.model import AuthRequest, IdentityProvider, MetadataSource, VendorProfile, WsFedSettings
from tests.attacks.saml.harness import BROKER, ISSUER, NOW, surroundings
from tests.attacks.wsfed.case import Context
from tests.idps.saml_signer import Signer, signer
from tests.idps.wsfed_signer import WST, Service

CALLBACK = f"{BROKER}/t/contoso/wsfed/adfs/callback"
REALM = f"{BROKER}/t/contoso/wsfed/adfs/metadata"
PROFILE = VendorProfile("adfs", {}, {}, ("name_id",))


def idp_of(settings: WsFedSettings) -> IdentityProvider:
    return IdentityProvider("contoso", "adfs", "AD FS", "wsfed", PROFILE, wsfed=settings)


def document(*keys: Signer) -> bytes:
    trusted = keys or (signer("idp"),)
    return Service(ISSUER, [("signing", key) for key in trusted] + [("encryption", signer("encryption"))]).document()


def connector(keys: tuple[Signer, ...] = (), **settings: object) -> WsFedConnector:
    known = WsFedSettings(MetadataSource(document=document(*keys)), **settings)  # type: ignore[arg-type]  # its fields
    return WsFedConnector(idp_of(known), surroundings())


def begun(*, reauthenticate: bool = False, trust: str = WST) -> tuple[AuthRequest, Context]:
    request = AuthRequest("wctx-1", "app", "https://app/cb", ("openid",), int(NOW) - 20, reauthenticate=reauthenticate)
    context = Context(
        idp=signer("idp"),
        issuer=ISSUER,
        callback=CALLBACK,
        realm=REALM,
        wctx=request.id,
        now=NOW,
        stranger=signer("stranger"),
        sp=signer("service provider"),
        trust=trust,
    )
    return request, context
