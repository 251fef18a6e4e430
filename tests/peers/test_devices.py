"""npm openid-client, a certified relying party, lets a device in through our issuer as it comes."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.conftest import ROOT
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import who


@pytest.mark.node
def test_openid_client_waits_for_a_person_and_has_tokens(oidc_broker: Installation, browser: Browser) -> None:
    who(browser, "alice@contoso.example")
    asked = {"issuer": oidc_broker.issuer, "client_id": "tv", "scope": "openid email offline_access"}
    party = subprocess.Popen(
        ["node", ROOT / "tests/idps/node/openid_device.mjs", json.dumps({**asked, "params": {"tenant": "contoso"}})],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert party.stdout is not None
        line = party.stdout.readline()
        assert line, party.stderr.read() if party.stderr else ""
        told = json.loads(line)
        entry = browser.open(told["verification_uri_complete"])
        browser.stop = (f"{oidc_broker.issuer}/consent",)
        asked_at = browser.open(told["verification_uri"], entry.forms[0].fields).url
        browser.stop = ()
        question = browser.send("GET", asked_at)
        assert told["user_code"] in question.text, question.text[:1000]
        end = browser.submit(question, question.forms[0], {"answer": "allow"})
        assert "The device is connected" in end.text
        out, err = party.communicate(timeout=30)
        assert party.returncode == 0, err
    finally:
        party.kill()
        party.communicate()
    answer = json.loads(out)
    assert answer["claims"]["sub"] == answer["userinfo"]["sub"] == answer["refreshed"]["sub"]
    assert answer["userinfo"]["email"] == "alice@contoso.example"
