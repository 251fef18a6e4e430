"""What a SAML identity provider may be asked, and whom it may lead to by itself."""

from __future__ import annotations

from pathlib import Path

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.model import SamlSettings

from .folders import CLIENT, write

TENANT = """\
id: a
identity_providers:
  - id: portal
    protocol: saml
    metadata: {{url: "https://idp.example.com/md"}}
{more}"""
EVERYTHING = """\
    request_binding: post
    authn_context: {classes: ["urn:a", "urn:b"], comparison: minimum}
    unsolicited: {allowed_targets: [app, {client_id: app, link: "https://app.example.com/inbox"}]}
    logout: upstream
"""
STARTS = CLIENT.format(id="app") + "initiate_login_uri: https://app.example.com/start\n"


def settings(folder: Path) -> SamlSettings:
    found = load(read_folder(folder), load_deployment(folder, {}), environ={}, revision=1)
    saml = found.tenants["a"].identity_providers["portal"].saml
    assert saml is not None
    return saml


def test_everything(tmp_path: Path) -> None:
    folder = write(tmp_path, {"clients/a.yaml": STARTS, "tenants/a.yaml": TENANT.format(more=EVERYTHING)})
    assert configuration.check(folder, {}) == []
    found = settings(folder)
    assert (found.request_binding, found.logout) == ("post", "upstream")
    assert (found.authn_context, found.authn_comparison) == (("urn:a", "urn:b"), "minimum")
    assert found.unsolicited == (("app", None), ("app", "https://app.example.com/inbox"))


def test_nothing_is_asked_for_and_nobody_may_begin_by_default(tmp_path: Path) -> None:
    """T5, T6."""
    found = settings(write(tmp_path, {"tenants/a.yaml": TENANT.format(more="")}))
    assert (found.authn_context, found.name_id_format, found.unsolicited, found.logout) == ((), None, (), "local")
    assert found.request_binding is None


def test_target_must_be_an_application_of_this_tenant_that_takes_part(tmp_path: Path) -> None:
    files = {
        "clients/a.yaml": CLIENT.format(id="silent"),
        "clients/b.yaml": STARTS + "tenants: [b]\n",
        "tenants/a.yaml": TENANT.format(more="    unsolicited: {allowed_targets: [silent, app]}\n"),
        "tenants/b.yaml": TENANT.format(more="").replace("id: a", "id: b"),
    }
    found = [problem.what for problem in configuration.check(write(tmp_path, files), {})]
    assert found == ["`silent` has no initiate_login_uri", "`app` is not for this tenant"]
