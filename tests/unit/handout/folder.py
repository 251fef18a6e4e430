"""A tenant with one identity provider of each vendor and protocol that has a page."""

from __future__ import annotations

from pathlib import Path

SAML = ("adfs", "entra", "okta", "google", "ping", "shibboleth", "keycloak", "generic")
OIDC = ("adfs", "entra", "okta", "google", "ping", "keycloak", "generic", "microsoft")
OAUTH2 = ("github", "facebook")
WSFED = ("adfs", "generic")

ENTRA = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
SECRET = "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"
ENVIRON = {"UPSTREAM_SECRET": SECRET}
CLIENT = "client_id: broker-at-idp, client_secret: {env: UPSTREAM_SECRET}"
RULES = """\
roles: [admin]
claims:
  - set: {department: incoming.department, cost_center: incoming.cost_center}
  - roles: {from: incoming.groups, map: {Admins: admin}}
  - deny: Contractors sign in elsewhere.
    when: has(incoming.employee_type) && incoming.employee_type == "contractor"
"""


def kinds() -> list[tuple[str, str]]:
    """(vendor, protocol)"""
    rows = (("saml", SAML), ("oidc", OIDC), ("oauth2", OAUTH2), ("wsfed", WSFED))
    return [(vendor, protocol) for protocol, vendors in rows for vendor in vendors]


def write(folder: Path) -> Path:
    (folder / "tenants").mkdir(parents=True)
    (folder / "broker.yaml").write_text(f"issuer: https://login.example.com\ndatabase: sqlite:///{folder}/broker.db\n")
    lines = ["id: contoso", "name: Contoso Ltd", "identity_providers:"]
    lines += [f"  - {{{_provider(vendor, protocol)}}}" for vendor, protocol in kinds()]
    (folder / "tenants" / "contoso.yaml").write_text("\n".join(lines) + f"\n{RULES}")
    return folder


def _provider(vendor: str, protocol: str) -> str:
    start = f"id: {vendor}-{protocol}, protocol: {protocol}, vendor: {vendor}, claim_types: {{cost_center: text}}"
    if protocol in {"saml", "wsfed"}:
        return f'{start}, metadata: {{url: "https://idp.contoso.com/{vendor}/metadata"}}'
    own = {"google": "https://accounts.google.com", "entra": ENTRA}.get(vendor, f"https://idp.contoso.com/{vendor}")
    issuer = "" if vendor in {"github", "facebook", "microsoft"} else f", issuer: {own!r}"
    return f"{start}, {CLIENT}{issuer}"
