"""npm openid-client, a certified relying party, works with our issuer as it comes."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.conftest import ROOT
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import APP_SECRET, CALLBACK, who


@pytest.mark.node
@pytest.mark.parametrize(
    ("client_id", "secret", "redirect_uri"),
    [("app", APP_SECRET, CALLBACK), ("spa", None, "http://127.0.0.1:9/spa")],
)
def test_openid_client_signs_in_refreshes_and_revokes(
    oidc_broker: Installation, browser: Browser, client_id: str, secret: str | None, redirect_uri: str
) -> None:
    who(browser, "alice@contoso.example")
    asked = {"issuer": oidc_broker.issuer, "client_id": client_id, "client_secret": secret}
    asked |= {"redirect_uri": redirect_uri, "scope": "openid email offline_access", "params": {"tenant": "contoso"}}
    party = subprocess.Popen(
        ["node", ROOT / "tests/idps/node/openid_client.mjs", json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with party:
        assert party.stdout is not None
        line = party.stdout.readline()
        assert line, party.stderr.read() if party.stderr else ""
        browser.stop = (redirect_uri,)
        page = browser.open(json.loads(line)["authorize"])
        assert page.status == 0, page.text[:1000]
        out, err = party.communicate(page.url + "\n", timeout=30)
        assert party.returncode == 0, err
    answer = json.loads(out)
    assert answer["claims"]["sub"] == answer["userinfo"]["sub"] == answer["refreshed"]["sub"]
    assert answer["userinfo"]["email"] == "alice@contoso.example"
    assert answer["revoked"] == "invalid_grant"
