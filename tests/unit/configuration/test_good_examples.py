"""What must load: everything under config/, the smallest files, and the contract's own examples as far as supported."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.model import Configuration, Deny, Drop, Guest, Role, Roles, Set

from .folders import CLIENT, TENANT, write

EXAMPLES = Path(__file__).parents[3] / "config"


def loaded(folder: Path, environ: dict[str, str] | None = None) -> Configuration:
    environ = environ or {}
    return load(read_folder(folder), load_deployment(folder, environ), environ=environ, revision=7)


def test_the_shipped_example_is_valid_without_any_environment() -> None:
    found = configuration.check(EXAMPLES, {})
    assert [(problem.file, problem.path) for problem in found] == [
        ("clients/payroll.yaml", "auth.secret"),
        ("tenants/fabrikam.yaml", "identity_providers[0].client_secret"),
    ]
    assert all(problem.warning for problem in found)


def test_every_file_of_the_shipped_example_is_part_of_it() -> None:
    files = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*") if path.is_file()}
    assert set(read_folder(EXAMPLES).files) == files


def test_the_shipped_example_loads() -> None:
    found = loaded(EXAMPLES)
    assert (found.revision, set(found.tenants), set(found.clients)) == (
        7,
        {"contoso", "fabrikam"},
        {"expenses", "nightly-export", "payroll"},
    )
    assert (found.domains, found.wildcards) == (
        {"contoso.com": "contoso", "fabrikam.com": "fabrikam"},
        {"contoso.com": "contoso"},
    )
    assert found.labels == {"contoso": "contoso", "fab": "fabrikam"}
    saml = found.tenants["contoso"].identity_providers["adfs"].saml
    assert saml is not None
    assert b"http://adfs.contoso.com/adfs/services/trust" in (saml.metadata.document or b"")


def test_a_secret_that_cannot_be_resolved_is_none() -> None:
    found = loaded(EXAMPLES)
    assert found.clients["payroll"].auth.secret is None
    oidc = found.tenants["fabrikam"].identity_providers["entra"].oidc
    assert oidc is not None
    assert oidc.client_secret is None


def test_a_secret_that_can_be_resolved_is_there() -> None:
    found = loaded(EXAMPLES, {"PAYROLL_SECRET": "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"})
    secret = found.clients["payroll"].auth.secret
    assert secret is not None
    assert secret.reveal() == "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"


def test_the_smallest_files(tmp_path: Path) -> None:
    write(tmp_path, {"clients/a.yaml": CLIENT.format(id="app"), "tenants/a.yaml": TENANT.format(id="a")})
    assert configuration.check(tmp_path, {}) == []
    found = loaded(tmp_path)
    client, tenant = found.clients["app"], found.tenants["a"]
    assert (client.name, client.public, client.pkce_required, client.tenants) == ("app", True, True, None)
    assert (tenant.name, tenant.label, tenant.active, tenant.roles) == ("a", "a", True, ())


def test_a_broker_alone_is_valid(tmp_path: Path) -> None:
    assert configuration.check(write(tmp_path, {}), {}) == []
    assert loaded(tmp_path).clients == {}


def test_everything_in_a_client(tmp_path: Path) -> None:
    text = """\
client_id: expenses
name: Expenses
redirect_uris:
  - https://expenses.example.com/callback?x=1
  - https://{tenant}.expenses.example.com/callback
  - http://127.0.0.1/callback
  - http://[::1]:8080/callback
post_logout_redirect_uris: ["https://expenses.example.com/"]
auth: {method: client_secret_basic, secret: {file: secrets/expenses}}
pkce: optional
scopes: [openid]
claims: [department]
audience: https://api.expenses.example.com
roles: [admin]
tenants: [a]
origins: ["https://expenses.example.com"]
id_token_claims: minimal
tenant_claims: false
id_token_signed_response_alg: RS256
access_token_signed_response_alg: ES256
subject_type: public
"""
    folder = write(tmp_path, {"clients/a.yaml": text, "tenants/a.yaml": TENANT.format(id="a")})
    (folder / "clients" / "secrets").mkdir()
    (folder / "clients" / "secrets" / "expenses").write_text("q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6\n")
    assert configuration.check(folder, {}) == []
    client = loaded(folder).clients["expenses"]
    assert client.auth.secret is not None
    assert client.auth.secret.reveal() == "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"
    assert (client.pkce_required, client.tenants, client.roles) == (False, ("a",), ("admin",))
    assert (client.id_token_alg, client.access_token_alg, client.tenant_claims) == ("RS256", "ES256", False)


def test_a_public_client_may_have_a_private_use_scheme(tmp_path: Path) -> None:
    """RFC 8252 §7.1"""
    text = CLIENT.format(id="app").replace("https://app.example.com/cb", "com.example.app:/cb")
    assert configuration.check(write(tmp_path, {"clients/a.yaml": text}), {}) == []


EVERYTHING = """\
id: contoso
name: Contoso Ltd
state: suspended
home_realm: {email_domains: [contoso.com, "*.contoso.com"], subdomain: con, networks: [198.51.100.0/24, 2001:db8::/32]}
identity_providers:
  - id: op
    protocol: oidc
    vendor: keycloak
    issuer: https://idp.contoso.com/realms/main
    client_id: broker
    client_secret: {env: UPSTREAM}
    client_auth: client_secret_post
    scopes: [openid]
    algorithms: [ES256]
    userinfo: never
    subject: [oid, "a+b"]
    skew: 30s
    claim_types: {cost_center: text}
    for: {email_domains: [cloud.contoso.com]}
    emails: any
    listed: true
    enabled: false
roles: [admin]
claims:
  - set: {department: incoming.department, cost: incoming.cost_center}
  - roles: {from: incoming.groups, map: {A: admin}}
  - role: admin
    when: size(incoming.groups) > 0
  - drop: [phone_number]
  - deny: No.
    when: has(incoming.employee_type)
services: []
guests:
  - {home_tenant: fabrikam, email: Auditor@Fabrikam.COM, roles: [admin], until: 2099-06-30}
  - {home_tenant: fabrikam, email: ben@fabrikam.com}
guests_out: false
sign_in: {require_mfa: false, allowed_networks: [10.0.0.0/8], session_absolute: 12h, session_idle: 1h}
"""


def test_everything_in_a_tenant(tmp_path: Path) -> None:
    home = TENANT.format(id="fabrikam") + "home_realm: {email_domains: [fabrikam.com]}\n"
    folder = write(tmp_path, {"tenants/a.yaml": EVERYTHING, "tenants/b.yaml": home})
    assert configuration.check(folder, {"UPSTREAM": "short"}) == []
    found = loaded(folder, {"UPSTREAM": "short"})
    tenant = found.tenants["contoso"]
    idp = tenant.identity_providers["op"]
    assert not tenant.active
    assert [type(rule) for rule in tenant.rules] == [Set, Roles, Role, Drop, Deny]
    assert [rule.number for rule in tenant.rules] == [1, 2, 3, 4, 5]
    assert tenant.sign_in.allowed_networks == (ip_network("10.0.0.0/8"),)
    assert (tenant.sign_in.session_absolute, tenant.sign_in.session_idle) == (43_200, 3600)
    assert found.networks[0] == (ip_network("2001:db8::/32"), "contoso")
    assert idp.oidc is not None
    assert (idp.oidc.scopes, idp.oidc.algorithms, idp.oidc.userinfo) == (("openid",), ("ES256",), "never")
    assert (idp.oidc.subject, idp.skew_seconds, idp.claim_types) == (("oid", "a+b"), 30, {"cost_center": "text"})
    assert (idp.emails, idp.listed, idp.enabled, idp.profile.name) == ("any", True, False, "keycloak")
    assert idp.only_for is not None
    assert idp.only_for.email_domains == ("cloud.contoso.com",)
    over = int(datetime(2099, 7, 1, tzinfo=UTC).timestamp())  # the last day is the guest's
    auditor = Guest("fabrikam", "auditor@fabrikam.com", ("admin",), over)
    assert tenant.guests == (auditor, Guest("fabrikam", "ben@fabrikam.com"))
    assert not tenant.guests_out
    assert found.tenants["fabrikam"].guests_out


def test_http_and_loopback_are_accepted_only_with_a_loopback_issuer(tmp_path: Path) -> None:
    tenant = TENANT.format(id="a").replace("https://a.idp.example.com", "http://127.0.0.1:9000")
    client = CLIENT.format(id="app").replace("https://app.example.com", "http://{tenant}.localhost:3000")
    files = {"tenants/a.yaml": tenant, "clients/a.yaml": client}
    assert len(configuration.check(write(tmp_path, files), {})) == 2
    assert configuration.check(tmp_path, {"BROKER_ISSUER": "http://127.0.0.1:8080"}) == []


def test_a_private_network_admits_its_addresses(tmp_path: Path) -> None:
    tenant = TENANT.format(id="a").replace("a.idp.example.com", "10.1.2.3")
    broker = "issuer: https://login.example.com\noutbound: {private_networks: [10.0.0.0/8]}\n"
    assert configuration.check(write(tmp_path, {"tenants/a.yaml": tenant, "broker.yaml": broker}), {}) == []


def test_a_fingerprint_changes_with_every_setting_and_with_nothing_else(tmp_path: Path) -> None:
    def fingerprint(text: str, environ: dict[str, str]) -> str:
        found = loaded(write(tmp_path, {"tenants/a.yaml": text}), environ)
        return found.tenants["a"].identity_providers["op"].fingerprint

    text = TENANT.format(id="a").replace("client_auth: none", "client_secret: {env: S}")
    one = fingerprint(text, {"S": "1"})
    assert fingerprint(text + "name: Other\n", {"S": "1"}) == one
    others = {
        fingerprint(text, {"S": "2"}),
        fingerprint(text.replace("protocol: oidc", "protocol: oidc, vendor: entra"), {"S": "1"}),
        fingerprint(text.replace("client_id: broker", "client_id: other"), {"S": "1"}),
    }
    assert len(others | {one}) == 4
