"""A certified OpenID provider that knows us by our key only, and answers by form."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import TENANT, app_of, installation, who
from tests.idps.processes import OidcProvider

NAME = "proseware"


def know_us(made: Installation, provider: OidcProvider) -> None:
    """What an administrator does: register the client with the keys at our address."""
    with urllib.request.urlopen(f"{made.issuer}/t/{NAME}/oidc/op/jwks", timeout=10) as answer:
        keys = json.load(answer)
    party = {
        "client_id": "broker",
        "redirect_uris": [made.oidc_callback(NAME, "op")],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "jwks": keys,
    }
    provider.configure(NAME, clients=[party])


@pytest.fixture(scope="module")
def keyed(folder: Path, oidc_provider: OidcProvider) -> Iterator[Installation]:
    made = installation(folder / "keyed-broker")
    idp = {
        "id": "op",
        "protocol": "oidc",
        "issuer": oidc_provider.configure(NAME, clients=[]),
        "client_id": "broker",
        "client_auth": "private_key_jwt",
        "client_assertion": {"alg": "PS256", "thumbprint": "x5t#S256"},
        "response_mode": "form_post",
    }
    made.tenant(NAME, [idp], [f"{NAME}.example"], **TENANT)
    with made.running():
        know_us(made, oidc_provider)
        yield made


@pytest.mark.node
def test_a_key_and_a_form_bring_a_person_to_the_app(keyed: Installation, browser: Browser) -> None:
    who(browser, f"alice@{NAME}.example")
    signed = app_of(keyed).sign_in(browser, login_hint=f"alice@{NAME}.example")
    assert (signed.access_token["tenant"], signed.access_token["idp"]) == (NAME, "op")
    assert any("/arrival?" in page.url for page in browser.trail), "the form was parked and arrived by GET"
