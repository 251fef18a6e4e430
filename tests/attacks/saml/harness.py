"""A connector with a trusted IdP, and the sign-in that an attack answers."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from broker.connectors.connector import Documents, SpKey, SpKeys, Surroundings
from broker.connectors.saml import SamlConnector
from broker.model import AuthRequest, IdentityProvider, MetadataSource, SamlSettings, VendorProfile
from broker.outbound import Outbound
from tests.attacks.saml.case import Context
from tests.idps.saml_signer import Entity, Signer, signer

ISSUER = "http://adfs.contoso.com/adfs/services/trust"
BROKER = "https://login.example.com"
ACS = f"{BROKER}/t/contoso/saml/adfs/acs"
NOW = 1_800_000_000.25
PROFILE = VendorProfile("adfs", {}, {}, ("name_id",))


def idp_of(settings: SamlSettings, subject: tuple[str, ...] = ("name_id",)) -> IdentityProvider:
    profile = replace(PROFILE, subject=subject)
    return IdentityProvider("contoso", "adfs", "AD FS", "saml", profile, saml=settings)


def surroundings(now: float = NOW, outbound: object = None, documents: object = None) -> Surroundings:
    sp = signer("service provider")
    return Surroundings(
        issuer=BROKER,
        loopback=False,
        outbound=cast("Outbound", outbound),
        documents=cast("Documents", documents),
        clock=lambda: now,
        sp_keys=lambda idp: SpKeys(SpKey(sp.private_key, sp.certificate)),
    )


def connector(
    want_signed: str = "either",
    subject: tuple[str, ...] = ("name_id",),
    keys: tuple[Signer, ...] = (),
    *,
    allow_cbc: bool = False,
) -> SamlConnector:
    trusted = keys or (signer("idp"),)
    document = Entity(ISSUER, [("signing", key) for key in trusted] + [("encryption", signer("encryption"))]).document()
    settings = SamlSettings(MetadataSource(document=document), want_signed=want_signed, allow_cbc=allow_cbc)
    return SamlConnector(idp_of(settings, subject), surroundings())


def begun(saml: SamlConnector, *, reauthenticate: bool = False) -> tuple[AuthRequest, Context]:
    """A request on its way, and what an IdP (or an attacker) needs to answer it."""
    request = AuthRequest("relay-1", "app", "https://app/cb", ("openid",), int(NOW) - 20, reauthenticate=reauthenticate)
    memory = saml.begin(request, ACS).memory
    context = Context(
        idp=signer("idp"),
        issuer=ISSUER,
        acs=ACS,
        audience=f"{BROKER}/t/contoso/saml/adfs/metadata",
        request_id=memory["request_id"],
        relay_state=request.id,
        now=NOW,
        stranger=signer("stranger"),
        sp=signer("service provider"),
    )
    return replace(request, memory=memory), context
