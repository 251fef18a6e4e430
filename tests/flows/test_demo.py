"""The first thing anybody runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.idps.processes import ROOT


def broker(*words: str) -> list[str]:
    return [sys.executable, "-m", "broker", *words]


def test_demo_check_prints_both_tenants_tokens_and_nothing_else() -> None:
    done = subprocess.run(broker("demo", "--check"), capture_output=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    tokens = json.loads(done.stdout)["tokens"]
    assert [(each["tenant"], each["idp"]) for each in tokens] == [("contoso", "adfs"), ("fabrikam", "login")]
    contoso, fabrikam = tokens
    assert contoso["id_token"]["email"] == "alice@contoso.example"
    assert contoso["access_token"]["roles"] == ["approver"]
    assert contoso["access_token"]["department"] == "Finance"
    assert fabrikam["access_token"]["roles"] == ["seller"]
    assert contoso["id_token"]["iss"] == fabrikam["id_token"]["iss"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_demo_says_what_to_open_and_type_and_stops_everything_at_a_signal(ending: signal.Signals) -> None:
    process = subprocess.Popen(
        broker("demo", "--json"), stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "BROKER_ISSUER": "http://wrong"}
    )
    with process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        with urllib.request.urlopen(said["open"], timeout=10) as page:
            assert said["emails"][0] in page.read().decode()
        process.send_signal(ending)
        assert process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(said["issuer"], timeout=10)
