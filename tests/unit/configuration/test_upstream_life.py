"""`upstream_refresh`, `groups` and `link_by_email` in the model."""

from __future__ import annotations

import json
from pathlib import Path

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.model import Groups, IdentityProvider, UpstreamRefresh

from .folders import write

ENTRA = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"


def provider(folder: Path, issuer: str = "https://login.example.com", **more: object) -> IdentityProvider:
    idp = {"id": "entra", "protocol": "oidc", "vendor": "entra", "issuer": ENTRA, "client_id": "c"}
    tenant = {
        "id": "a",
        "home_realm": {"email_domains": ["contoso.com"]},
        "identity_providers": [{**idp, "client_secret": {"env": "S"}, **more}],
    }
    files = {"broker.yaml": json.dumps({"issuer": issuer}), "tenants/a.yaml": json.dumps(tenant)}
    write(folder, files)
    environ = {"S": "any secret of the identity provider's"}
    assert configuration.check(folder, environ) == []
    loaded = load(read_folder(folder), load_deployment(folder, environ), environ=environ, revision=1)
    return loaded.tenants["a"].identity_providers["entra"]


def scopes(idp: IdentityProvider) -> tuple[str, ...]:
    assert idp.oidc is not None
    return idp.oidc.scopes


def test_without_the_keys_nothing_is_asked_again_and_lists_are_marked(tmp_path: Path) -> None:
    idp = provider(tmp_path)
    assert (idp.refresh, idp.groups, idp.link_by_email) == (None, Groups("mark"), False)
    assert "offline_access" not in scopes(idp)


def test_who_is_asked_again_must_give_a_refresh_token(tmp_path: Path) -> None:
    idp = provider(tmp_path, upstream_refresh={"max_age": "1h"})
    assert idp.refresh == UpstreamRefresh(3600, 4 * 3600)
    assert scopes(idp)[-1] == "offline_access"


def test_an_outage_has_its_limit(tmp_path: Path) -> None:
    idp = provider(tmp_path, upstream_refresh={"max_age": "1h", "outage": "5m"}, scopes=["openid", "offline_access"])
    assert idp.refresh == UpstreamRefresh(3600, 300)
    assert scopes(idp) == ("openid", "offline_access")


def test_google_has_a_parameter_of_its_own(tmp_path: Path) -> None:
    google = {"vendor": "google", "issuer": "https://accounts.google.com", "hosted_domains": ["contoso.com"]}
    idp = provider(tmp_path, upstream_refresh={"max_age": "1h"}, **google)
    assert idp.oidc is not None
    assert idp.oidc.authorize["access_type"] == "offline"
    assert "offline_access" not in idp.oidc.scopes


def test_missing_groups_have_a_policy_and_a_second_one(tmp_path: Path) -> None:
    idp = provider(tmp_path, groups={"overage": "resolve", "unresolved": "deny"}, link_by_email=True)
    assert idp.groups == Groups("resolve", "deny")
    assert (idp.groups.incomplete, idp.link_by_email) == ("deny", True)


def test_graph_may_stand_elsewhere_on_loopback_only(tmp_path: Path) -> None:
    places = {"login": "http://127.0.0.1:1", "graph": "http://127.0.0.1:2"}
    idp = provider(tmp_path, "http://localhost:8080", groups={"overage": "resolve", "endpoints": places})
    assert (idp.groups.login, idp.groups.graph) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
