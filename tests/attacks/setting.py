"""The folder of the attacked installation: three tenants that are as alike as tenants can be, four clients.

contoso     adfs (SAML; adfs-assertion and adfs-response differ in what must be signed, adfs-cbc may encrypt with CBC),
            op (OpenID; op-rs256, op-ec)
fabrikam    adfs and op: other keys, other people, the same ids
northwind   adfs and op: the very entityID, keys, OpenID provider and client that contoso trusts
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.idps.oidc_op import OidcOp
from tests.idps.saml_signer import REDIRECT, Entity, Signer, signer

APP_SECRET = "the secret of every confidential app, long enough"
KEY = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"
CALLBACK = "https://app.example.com/callback"
PATTERN = "https://{tenant}.app.example.com/callback"
SSO = "https://idp.example.com/sso"
SLO = "https://idp.example.com/slo"
START = "https://app.example.com/start"
INBOX = "https://app.example.com/inbox"

Settings = dict[str, Any]
PORTAL = ["spa", {"client_id": "spa", "link": INBOX}]
ENTITIES: Mapping[str, tuple[str, Signer]] = {
    "contoso": ("http://adfs.contoso.com/trust", signer("idp")),
    "fabrikam": ("http://adfs.fabrikam.com/trust", signer("fabrikam idp")),
    "northwind": ("http://adfs.contoso.com/trust", signer("idp")),
}
CLAIMS = [
    {"set": {"email": "incoming.email"}},
    {"role": "viewer"},
    {"deny": "No interns.", "when": 'has(incoming.title) && "intern" in incoming.title'},
]


def clients() -> dict[str, Settings]:
    secret = {"method": "client_secret_post", "secret": {"env": "APP_SECRET"}}
    made: dict[str, Settings] = {
        "web": {"redirect_uris": [CALLBACK], "auth": secret},
        "spa": {"redirect_uris": [CALLBACK], "auth": {"method": "none"}, "initiate_login_uri": f"{START}?kept=1"},
        "only-contoso": {"redirect_uris": [CALLBACK], "auth": secret, "tenants": ["contoso"]},
        "pattern": {"redirect_uris": [PATTERN], "auth": secret},
    }
    return {name: {"client_id": name, **client} for name, client in made.items()}


def saml(tenant: str, idp: str = "adfs", **more: object) -> Settings:
    return {"id": idp, "protocol": "saml", "metadata": {"file": f"{tenant}.xml"}, **more}


def oidc(op: OidcOp, idp: str = "op", **more: object) -> Settings:
    return {
        "id": idp,
        "protocol": "oidc",
        "issuer": op.issuer,
        "client_id": op.client_id,
        "client_secret": {"env": "UPSTREAM_SECRET"},
        **more,
    }


def tenants(ops: Mapping[str, OidcOp]) -> dict[str, Settings]:
    providers: dict[str, list[Settings]] = {
        "contoso": [
            saml("contoso"),
            *(saml("contoso", f"adfs-{what}", want_signed=what) for what in ("assertion", "response")),
            saml("contoso", "adfs-cbc", encryption={"allow_cbc": True}),
            saml("contoso", "adfs-portal", unsolicited={"allowed_targets": PORTAL}, logout="upstream"),
            saml("contoso", "adfs-off", unsolicited={"allowed_targets": PORTAL}, enabled=False),
        ],
        "fabrikam": [saml("fabrikam")],
        "northwind": [saml("northwind")],
    }
    if ops:
        providers["contoso"] += [oidc(ops["contoso"]), oidc(ops["contoso"], "op-rs256", algorithms=["RS256"])]
        providers["fabrikam"] += [oidc(ops["fabrikam"])]
        providers["northwind"] += [oidc(ops["contoso"])]
    return {
        name: {
            "id": name,
            "home_realm": {"email_domains": [f"{name}.com"]},
            "identity_providers": held,
            "roles": ["viewer"],
            "claims": CLAIMS,
        }
        for name, held in providers.items()
    }


def environ(folder: Path, ops: Mapping[str, OidcOp]) -> dict[str, str]:
    """Every provider knows us by one secret."""
    known = {op.client_secret for op in ops.values()} or {"none"}
    return {
        "BROKER_ENCRYPTION_KEY": KEY,
        "BROKER_DATABASE_URL": f"sqlite:///{folder}/broker.db",
        "APP_SECRET": APP_SECRET,
        "UPSTREAM_SECRET": known.pop(),
    }


def write(folder: Path, issuer: str, clients_: Mapping[str, Settings], tenants_: Mapping[str, Settings]) -> None:
    """JSON is YAML. What stood there before goes."""
    for kind, objects in (("clients", clients_), ("tenants", tenants_)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for old in (folder / kind).glob("*.yaml"):
            old.unlink()
        for name, settings in objects.items():
            (folder / kind / f"{name}.yaml").write_text(json.dumps(settings))
    for tenant, (entity, key) in ENTITIES.items():
        document = Entity(entity, [("signing", key)], sso=SSO, slo=[(REDIRECT, SLO)]).document()
        (folder / "tenants" / f"{tenant}.xml").write_bytes(document)
    proxies = ["127.0.0.1/32"]
    (folder / "broker.yaml").write_text(json.dumps({"issuer": issuer, "trusted_proxies": proxies}))
