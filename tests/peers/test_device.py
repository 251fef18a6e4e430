"""A device without a browser, on requests-oauthlib: it shows a code, polls, and uses what the person let it have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from oauthlib.oauth2 import DeviceClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import Upstreams

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def made(tmp_path: Path, nearby: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the broker of this test is on loopback
    made = nearby.installation(tmp_path / "broker")
    shape = {"client_id": "tv", "auth": {"method": "none"}, "grant_types": [DEVICE_CODE, "refresh_token"]}
    made.write("clients/tv.yaml", {**shape, "name": "Television"})
    with made.running():
        yield made


class Device:
    def __init__(self, made: Installation) -> None:
        self.session = OAuth2Session(client=DeviceClient("tv"))
        self.session.trust_env = False
        found = self.session.get(f"{made.issuer}/.well-known/openid-configuration", withhold_token=True, timeout=20)
        self.discovery: dict[str, Any] = found.json()
        asked = {"client_id": "tv", "scope": "openid email offline_access", "tenant": "contoso"}
        endpoint = self.discovery["device_authorization_endpoint"]
        self.shown: dict[str, Any] = self.session.post(endpoint, data=asked, withhold_token=True, timeout=20).json()

    def poll(self) -> dict[str, Any]:
        code, endpoint = self.shown["device_code"], self.discovery["token_endpoint"]
        return dict(self.session.fetch_token(endpoint, device_code=code, include_client_id=True))

    def refused(self) -> str:
        with pytest.raises(OAuth2Error) as refused:
            self.poll()
        return str(refused.value.error)


def answer(device: Device, said: str) -> None:
    """The person follows the address on the screen, signs in, and says yes or no."""
    browser = Browser()
    page = browser.open(device.shown["verification_uri_complete"])
    page = browser.submit(page, page.forms[0])
    while "location" in page.headers:
        page = browser.send("GET", urljoin(page.url, page.headers["location"]))
    (form,) = page.forms
    assert device.shown["user_code"] in page.text
    done = browser.submit(page, form, {"answer": said})
    assert done.status in {200, 303}


def test_requests_oauthlib_gets_tokens_for_a_device(made: Installation) -> None:
    device = Device(made)
    assert device.refused() == "authorization_pending"
    answer(device, "allow")
    assert device.poll()["refresh_token"]
    person = device.session.get(device.discovery["userinfo_endpoint"], timeout=20).json()
    assert person["email"] == "alice@contoso.example"
    refreshed = device.session.refresh_token(device.discovery["token_endpoint"], client_id="tv")
    assert refreshed["access_token"]


def test_requests_oauthlib_hears_that_the_person_said_no(made: Installation) -> None:
    device = Device(made)
    answer(device, "deny")
    assert device.refused() == "access_denied"
