"""What the keys of a WS-Federation identity provider become."""

from __future__ import annotations

from pathlib import Path

from broker import configuration, policy
from broker.configuration import load, load_deployment, read_folder
from broker.model import IdentityProvider
from tests.attacks.saml.harness import ISSUER
from tests.attacks.wsfed.harness import document

from .folders import write

URL = "https://adfs.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml"
ROW = "id: contoso\nidentity_providers:\n  - {id: adfs, protocol: wsfed, vendor: adfs, %s}\n"


def provider(folder: Path, keys: str, files: dict[str, bytes] | None = None) -> IdentityProvider:
    write(folder, {"tenants/contoso.yaml": ROW % keys})
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content)
    assert [one for one in configuration.check(folder, {}) if not one.warning] == []
    found = load(read_folder(folder), load_deployment(folder, {}), environ={}, revision=1)
    return found.tenants["contoso"].identity_providers["adfs"]


def test_metadata_is_all_it_needs(tmp_path: Path) -> None:
    idp = provider(tmp_path, f'metadata: {{url: "{URL}"}}')
    assert idp.wsfed is not None
    assert (idp.wsfed.metadata.url, idp.wsfed.wtrealm, idp.wsfed.whr, idp.wsfed.wauth) == (URL, None, None, None)
    assert (idp.saml, idp.oidc, idp.oauth2) == (None, None, None)
    assert policy.upstream_of(idp) == URL


def test_every_key_has_its_effect(tmp_path: Path) -> None:
    keys = "metadata: {file: adfs.xml}, wtrealm: 'urn:broker', whr: 'urn:partner', wauth: 'urn:mfa', subject: ppid"
    idp = provider(tmp_path, keys, {"tenants/adfs.xml": document()})
    assert idp.wsfed is not None
    assert (idp.wsfed.wtrealm, idp.wsfed.whr, idp.wsfed.wauth) == ("urn:broker", "urn:partner", "urn:mfa")
    assert idp.wsfed.subject == ("ppid",)
    assert policy.upstream_of(idp) == ISSUER


def test_another_document_is_another_fingerprint(tmp_path: Path) -> None:
    """A connector built from the old keys must go."""
    first = provider(tmp_path, "metadata: {file: adfs.xml}", {"tenants/adfs.xml": document()})
    second = provider(tmp_path, "metadata: {file: adfs.xml}", {"tenants/adfs.xml": document() + b"\n"})
    assert first.fingerprint != second.fingerprint


def test_encryption_is_as_the_vendor_has_it_or_as_the_operator_says(tmp_path: Path) -> None:
    """AD FS encrypts with AES-CBC unless it is told otherwise."""
    at = f'metadata: {{url: "{URL}"}}'
    usual, strict = provider(tmp_path, at).wsfed, provider(tmp_path, f"{at}, encryption: {{allow_cbc: false}}").wsfed
    assert usual is not None
    assert strict is not None
    assert (usual.allow_cbc, strict.allow_cbc) == (True, False)
