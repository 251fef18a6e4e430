"""The configuration folder of the demo: one client, two tenants."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

CLIENT_ID = "demo-app"

BROKER = """\
issuer: {broker}
database: sqlite:///{database}
"""

CLIENT = """\
client_id: demo-app
name: Demo app
redirect_uris: ["{app}/callback"]
auth: {{method: client_secret_basic, secret: {{file: ../secrets/demo-app}}}}
claims: [department]
audience: https://api.demo.example
"""

CONTOSO = """\
id: contoso
name: Contoso Ltd
home_realm: {{email_domains: [contoso.example]}}
identity_providers:
  - id: adfs
    name: Contoso sign-in
    protocol: saml
    vendor: adfs
    metadata: {{url: "{saml}/metadata"}}
roles: [admin, approver]
claims:
  - set: {{email: incoming.email, name: incoming.name, department: incoming.department}}
  - roles: {{from: incoming.groups, map: {{Contoso-Admins: admin, Contoso-Finance: approver}}}}
"""

FABRIKAM = """\
id: fabrikam
name: Fabrikam Inc
home_realm: {{email_domains: [fabrikam.example]}}
identity_providers:
  - id: login
    name: Fabrikam login
    protocol: oidc
    vendor: generic
    issuer: {oidc}
    client_id: broker
    client_secret: {{file: ../secrets/fabrikam}}
roles: [admin, seller]
claims:
  - set: {{email: incoming.email, name: incoming.name, department: incoming.department}}
  - roles: {{from: incoming.groups, map: {{admins: admin, sales: seller}}}}
"""


@dataclass(frozen=True, slots=True)
class Origins:
    """`http://127.0.0.1:PORT` of each."""

    broker: str
    app: str
    saml: str
    oidc: str


@dataclass(frozen=True, slots=True)
class Secrets:
    app: str
    upstream: str


def write(folder: Path, origins: Origins) -> Secrets:
    made = Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    values = {"broker": origins.broker, "app": origins.app, "saml": origins.saml, "oidc": origins.oidc}
    files = {
        "broker.yaml": BROKER.format(database=folder / "broker.db", **values),
        "clients/demo-app.yaml": CLIENT.format(**values),
        "tenants/contoso.yaml": CONTOSO.format(**values),
        "tenants/fabrikam.yaml": FABRIKAM.format(**values),
        "secrets/demo-app": made.app,
        "secrets/fabrikam": made.upstream,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return made
