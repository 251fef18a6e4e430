"""Our side of one trust, as plain text: what every page may name."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from broker.model import IdentityProvider, Tenant

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_SECRET = "Make a client secret and hand it over by a safe way, never by e-mail. Note when it ends."
_CREDENTIALS = {
    "private_key_jwt": "No secret: register our public keys, which are at `{jwks}` and roll there. Where a certificate "
    "is asked for, it is the `x5c` of the key.",
    "none": "Neither a secret nor a key: we are a public client, and every request carries a PKCE challenge (S256).",
}
_SEGMENTS = {"oauth2": "oidc"}  # of our addresses


def values_of(issuer: str, tenant: Tenant, idp: IdentityProvider, certificates: Sequence[bytes]) -> dict[str, str]:
    """Placeholder -> text. certificates: ours, DER, the signing one first; none where no store is at hand."""
    host = urlsplit(issuer).netloc
    at = f"{issuer}/t/{tenant.id}/{_SEGMENTS.get(idp.protocol, idp.protocol)}/{idp.id}"
    common = {"name": f"{host} ({tenant.id} {idp.id})", "host": host, "issuer": issuer, "at": at}
    common |= {"tenant": tenant.id, "tenant_name": tenant.name, "idp": idp.id, "idp_name": idp.name}
    match idp.protocol:
        case "saml":
            return common | _saml(at, idp) | _certificate(certificates, f"{at}/metadata")
        case "wsfed":
            realm = idp.wsfed.wtrealm if idp.wsfed else None
            ours = {"realm": realm or f"{at}/metadata", "metadata_url": f"{at}/metadata", "callback": f"{at}/callback"}
            return common | ours | {"name_id_format": PERSISTENT} | _certificate(certificates, f"{at}/metadata")
        case _:
            return common | _client(at, idp) | _sign_out(issuer, idp)


def _saml(at: str, idp: IdentityProvider) -> dict[str, str]:
    entity_id = idp.saml.sp_entity_id if idp.saml else None
    name_id_format = idp.saml.name_id_format if idp.saml else None
    return {
        "entity_id": entity_id or f"{at}/metadata",
        "metadata_url": f"{at}/metadata",
        "acs": f"{at}/acs",
        "slo": f"{at}/slo",
        "name_id_format": name_id_format or PERSISTENT,
    }


def _client(at: str, idp: IdentityProvider) -> dict[str, str]:
    settings = idp.oidc or idp.oauth2
    values = {"callback": f"{at}/callback", "jwks": f"{at}/jwks"}
    values |= {"frontchannel": f"{at}/frontchannel-logout", "backchannel": f"{at}/backchannel-logout"}
    if settings is None:
        return values
    scopes = " ".join(settings.scopes or idp.profile.scopes)
    values |= {"client_id": settings.client_id, "client_auth": settings.client_auth, "scopes": scopes}
    return values | {"credential": _CREDENTIALS.get(settings.client_auth, _SECRET).format(**values)}


def _sign_out(issuer: str, idp: IdentityProvider) -> dict[str, str]:
    """Where people come back to who signed out at the identity provider as well."""
    upstream = idp.oidc is not None and idp.oidc.logout == "upstream"
    return {"post_logout": f"{issuer}/logout/upstream"} if upstream else {}


def _certificate(certificates: Sequence[bytes], metadata_url: str) -> dict[str, str]:
    if not certificates:
        return {"certificate": f"It is in our metadata, {metadata_url}.", "certificate_base64": ""}
    lines = []
    for certificate in certificates:
        lines.append(f"SHA-1 {_print(hashlib.sha1(certificate, usedforsecurity=False).hexdigest())}")
        lines.append(f"SHA-256 {_print(hashlib.sha256(certificate).hexdigest())}")
        lines.append(_pem(certificate))
    return {"certificate": "\n".join(["```", *lines, "```"]), "certificate_base64": _base64(certificates[0])}


def _print(digest: str) -> str:
    return digest.upper()


def _pem(certificate: bytes) -> str:
    text = _base64(certificate)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])


def _base64(certificate: bytes) -> str:
    return base64.b64encode(certificate).decode()
