"""The pages for a tenant's administrator, against files beside this one, word for word.

`python -m tests.unit.handout.test_handout` writes the files anew; read the difference before you keep it.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from broker import configuration
from broker.handout import Handout, handout
from broker.model import Tenant

from .folder import ENVIRON, SECRET, kinds, write

GOLDEN = Path(__file__).parent / "golden"
ISSUER = "https://login.example.com"
CERTIFICATE = bytes(range(96))  # stands for DER: a page prints it and looks no further
AT = re.compile(r"https://login\.example\.com/t/contoso/[a-z0-9/-]+")


def tenant_of(folder: Path) -> Tenant:
    deployment = configuration.load_deployment(folder, ENVIRON)
    bundle = configuration.read_folder(folder)
    return configuration.load(bundle, deployment, environ=ENVIRON, revision=0).tenants["contoso"]


def handouts(folder: Path) -> dict[str, Handout]:
    tenant = tenant_of(write(folder))
    made = (handout(ISSUER, tenant, idp, [CERTIFICATE]) for idp in tenant.identity_providers.values())
    return {one.idp: one for one in made}


def golden(one: Handout) -> dict[str, str]:
    """File name -> text."""
    files = {f"{one.idp}.md": one.markdown}
    return files if one.powershell is None else {**files, f"{one.idp}.ps1": one.powershell}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handout]:
    return handouts(tmp_path_factory.mktemp("handout") / "config")


@pytest.mark.parametrize("name", [f"{vendor}-{protocol}" for vendor, protocol in kinds()])
def test_a_page_says_exactly_this(made: dict[str, Handout], name: str) -> None:
    for file, text in golden(made[name]).items():
        assert text == (GOLDEN / file).read_text(encoding="utf-8")


def test_every_page_that_is_kept_is_made(made: dict[str, Handout]) -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {file for one in made.values() for file in golden(one)}


def test_no_page_holds_a_secret_or_an_unfilled_place(made: dict[str, Handout]) -> None:
    for one in made.values():
        whole = json.dumps([one.markdown, one.text, one.powershell, dict(one.values)])
        assert SECRET not in whole
        assert "{{" not in whole.replace("{{0}", "")
        assert "UPSTREAM_SECRET" not in whole


def test_every_address_is_one_that_we_serve(made: dict[str, Handout]) -> None:
    """Contract section 2."""
    served = {"saml": {"metadata", "acs", "slo"}, "wsfed": {"metadata", "callback"}}
    client = {"callback", "jwks", "backchannel-logout", "frontchannel-logout"}
    for one in made.values():
        segment = "oidc" if one.protocol == "oauth2" else one.protocol
        for url in AT.findall(one.markdown + (one.powershell or "")):
            assert url.startswith(f"{ISSUER}/t/contoso/{segment}/{one.idp}/")
            assert url.rpartition("/")[2] in served.get(one.protocol, client), url


def test_what_the_rules_read_is_asked_for(made: dict[str, Handout]) -> None:
    asked = {one.claim: one for one in made["adfs-saml"].claims}
    assert asked["department"].source == "department"
    assert asked["groups"].name == "http://schemas.xmlsoap.org/claims/Group"
    assert asked["cost_center"].name == "cost_center"
    assert "upn" not in asked
    assert "groups" not in {one.claim for one in made["google-oidc"].claims}


def test_ad_fs_is_told_to_name_people_by_what_never_changes(made: dict[str, Handout]) -> None:
    script = made["adfs-saml"].powershell or ""
    assert 'query = ";objectGUID;{0}"' in script
    assert "nameid-format:persistent" in script
    assert "nameid-format:emailAddress" not in script


def test_only_ad_fs_has_a_script(made: dict[str, Handout]) -> None:
    assert {name for name, one in made.items() if one.powershell} == {"adfs-saml", "adfs-oidc", "adfs-wsfed"}


def test_a_keycloak_client_is_json_and_a_shibboleth_filter_is_xml(made: dict[str, Handout]) -> None:
    def block(name: str, fence: str, number: int) -> str:
        return made[name].markdown.split(fence)[number]

    saml = json.loads(block("keycloak-saml", "```json\n", 1).split("```")[0])
    assert saml["clientId"] == f"{ISSUER}/t/contoso/saml/keycloak-saml/metadata"
    oidc = json.loads(block("keycloak-oidc", "```json\n", 1).split("```")[0])
    assert oidc["redirectUris"] == [f"{ISSUER}/t/contoso/oidc/keycloak-oidc/callback"]
    assert "secret" not in oidc
    text = block("shibboleth-saml", "```", 3).replace("xsi:type", "type")
    names = [rule.get("attributeID") for rule in ElementTree.fromstring(text).findall("AttributeRule")]
    assert names[0] == "samlPairwiseID"
    assert "mail" in names


def test_a_quotation_mark_does_not_end_a_script_s_text(tmp_path: Path) -> None:
    folder = write(tmp_path / "config")
    file = folder / "tenants" / "contoso.yaml"
    own = "sp_entity_id: \"urn:o'brien'; Remove-Item C:\""
    file.write_text(file.read_text().replace("vendor: adfs, claim_types", f"vendor: adfs, {own}, claim_types", 1))
    tenant = tenant_of(folder)
    script = handout(ISSUER, tenant, tenant.identity_providers["adfs-saml"], []).powershell or ""
    assert "$trust.Identifier = 'urn:o''brien''; Remove-Item C:'" in script


def test_where_signing_out_ends_both_sessions_the_way_back_is_registered(tmp_path: Path) -> None:
    """RP-Initiated Logout §3.1: the provider sends people to registered addresses alone."""
    folder = write(tmp_path / "config")
    file = folder / "tenants" / "contoso.yaml"
    file.write_text(file.read_text().replace("protocol: oidc, ", "protocol: oidc, logout: upstream, "))
    tenant = tenant_of(folder)
    for name in ("entra-oidc", "generic-oidc"):
        made = handout(ISSUER, tenant, tenant.identity_providers[name], [])
        assert f"`{ISSUER}/logout/upstream`" in made.markdown
    keycloak = handout(ISSUER, tenant, tenant.identity_providers["keycloak-oidc"], []).markdown
    assert f'"post.logout.redirect.uris": "{ISSUER}/logout/upstream"' in keycloak


def test_without_a_certificate_the_page_names_our_metadata(tmp_path: Path) -> None:
    tenant = tenant_of(write(tmp_path / "config"))
    page = handout(ISSUER, tenant, tenant.identity_providers["entra-saml"], []).markdown
    assert f"It is in our metadata, {ISSUER}/t/contoso/saml/entra-saml/metadata." in page


def test_the_operator_s_own_subject_attribute_is_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "config")
    file = folder / "tenants" / "contoso.yaml"
    file.write_text(file.read_text().replace("vendor: okta, ", "vendor: okta, subject: personnelNumber, ", 1))
    tenant = tenant_of(folder)
    page = handout(ISSUER, tenant, tenant.identity_providers["okta-saml"], []).markdown
    assert "| `personnelNumber` | an attribute that stays with a person for good" in page


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for each in handouts(Path(temporary) / "config").values():
            for file_name, content in golden(each).items():
                (GOLDEN / file_name).write_text(content, encoding="utf-8")
