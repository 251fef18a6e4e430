"""Identity providers that encrypt to the certificate they find in our metadata (T19)."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import TENANT, app_of, installation, person
from tests.idps import processes
from tests.idps.saml_signer import NS, tree

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
PHP = {
    "tailspin": {"assertion.encryption": True},  # AES-128-CBC, the signature inside
    "wingtip": {"nameid.encryption": True},
    "treyresearch": {"assertion.encryption": True, "saml20.sign.response": True, "saml20.sign.assertion": False},
    "fourthcoffee": {"assertion.encryption": True},  # nobody allowed AES-CBC here
}


def encryption_certificates(made: Installation, tenant: str, idp: str) -> list[str]:
    """Base64, as our metadata lists them."""
    root = tree(requests.get(made.saml_entity(tenant, idp), timeout=10).content)
    keys = [key for key in root.iter(f"{MD}KeyDescriptor") if key.get("use") == "encryption"]
    return [found.text or "" for key in keys for found in key.iterfind(".//ds:X509Certificate", NS)]


def pem(certificate: str) -> str:
    lines = "\n".join(certificate[i : i + 64] for i in range(0, len(certificate), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def saml_row(url: str, idp: str, **more: object) -> dict[str, object]:
    return {"id": idp, "protocol": "saml", "metadata": {"url": url}, **more}


@pytest.fixture(scope="module")
def php_broker(folder: Path, simplesamlphp: processes.SimpleSamlPhp) -> Iterator[Installation]:
    made = installation(folder / "encrypting-php")
    for tenant in PHP:
        users = {"alice:pw": person("alice", tenant)}
        url = simplesamlphp.configure(tenant, users=users)
        row = saml_row(url, "ssp", encryption={"allow_cbc": tenant != "fourthcoffee"})
        made.tenant(tenant, [row], [f"{tenant}.example"], **TENANT)
    with made.running():
        for tenant, options in PHP.items():
            (certificate,) = encryption_certificates(made, tenant, "ssp")
            service = {"AssertionConsumerService": made.saml_acs(tenant, "ssp"), "certData": certificate, **options}
            simplesamlphp.configure(tenant, sps={made.saml_entity(tenant, "ssp"): service})
        yield made


@pytest.fixture(scope="module")
def node_broker(folder: Path, samlp: processes.Samlp) -> Iterator[Installation]:
    """humongous, southridge: the deployment's key; lucerne: a key pair of its own."""
    made = installation(folder / "encrypting-node")
    rows: dict[str, dict[str, object]] = {"humongous": {}, "lucerne": {"sp_key": "own"}, "southridge": {}}
    for tenant, more in rows.items():
        url = samlp.configure(tenant, options={})
        made.tenant(tenant, [saml_row(url, "idp", **more)], [f"{tenant}.example"], **TENANT)
    with made.running():
        for tenant in rows:
            (certificate,) = encryption_certificates(made, tenant, "idp")
            keys = {"encryptionCert": pem(certificate), "encryptionPublicKey": public_key(certificate)}
            samlp.configure(tenant, options=keys | {"encryptionAlgorithm": GCM})
        yield made


def public_key(certificate: str) -> str:
    key = x509.load_pem_x509_certificate(pem(certificate).encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def who(browser: Browser, address: str) -> None:
    browser.fill = {"username": address, "password": "pw"}


def sent(browser: Browser) -> str:
    """The SAML response as the identity provider's page held it."""
    pages = [page.text for page in browser.trail if "SAMLResponse" in page.text]
    found = re.search(r'name="SAMLResponse"\s+value="([^"]+)"', pages[-1])
    assert found is not None
    return b64decode(unescape(found[1])).decode()


@pytest.mark.php
@pytest.mark.parametrize("tenant", ["tailspin", "wingtip", "treyresearch"])
def test_simplesamlphp_encrypts_and_the_app_gets_its_token(
    php_broker: Installation, browser: Browser, tenant: str
) -> None:
    who(browser, "alice")
    signed = app_of(php_broker).sign_in(browser, login_hint=f"alice@{tenant}.example")
    assert signed.access_token["tenant"] == tenant
    assert signed.id_token["email"] == f"alice@{tenant}.example"
    assert ("EncryptedID" if tenant == "wingtip" else "EncryptedAssertion") in sent(browser)


@pytest.mark.node
@pytest.mark.parametrize("tenant", ["humongous", "lucerne"])
def test_samlp_encrypts_with_gcm_and_the_app_gets_its_token(
    node_broker: Installation, browser: Browser, tenant: str
) -> None:
    address = f"alice@{tenant}.example"
    who(browser, address)
    signed = app_of(node_broker).sign_in(browser, login_hint=address)
    assert signed.access_token["tenant"] == tenant
    assert signed.id_token["email"] == address
    assert GCM in sent(browser)


@pytest.mark.node
def test_own_key_pair_is_no_other_provider_s(node_broker: Installation) -> None:
    shared = encryption_certificates(node_broker, "humongous", "idp")
    assert encryption_certificates(node_broker, "southridge", "idp") == shared
    assert encryption_certificates(node_broker, "lucerne", "idp") != shared


@pytest.mark.php
def test_cbc_is_refused_where_nobody_allowed_it(php_broker: Installation, browser: Browser) -> None:
    """SE-10: what the app is told names the setting."""
    who(browser, "alice")
    with pytest.raises(AssertionError, match="allow_cbc"):
        app_of(php_broker).sign_in(browser, login_hint="alice@fourthcoffee.example")
