"""Our keys rotate while stock clients go on: npm openid-client, npm jose and PyJWT, each with its own cache of keys."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.conftest import ROOT
from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams

NODE = ROOT / "tests/idps/node"
PATIENCE = 60  # seconds; a worker knows of a rotation after five
ALGORITHMS = ["ES256"]


class Keys(jwt.PyJWKClient):
    """PyJWT's own client; it counts."""

    fetched = 0

    def fetch_data(self) -> Any:
        self.fetched += 1
        return super().fetch_data()


class PyJwt:
    def __init__(self, app: App) -> None:
        self.app = app
        self.keys = Keys(app.discovery["jwks_uri"])

    def read(self, tokens: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, audience in (("id_token", self.app.client_id), ("access_token", self.app.issuer)):
            key = self.keys.get_signing_key_from_jwt(tokens[name])
            found[name] = jwt.decode(
                tokens[name], key, algorithms=ALGORITHMS, audience=audience, issuer=self.app.issuer
            )
        return {**found, "fetched": self.keys.fetched}


class Peer:
    """A script of ours around an npm package: a line in, a line out."""

    def __init__(self, script: str, settings: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            ["node", NODE / script, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return dict(json.loads(line))

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self, tokens: dict[str, Any]) -> dict[str, Any]:
        self.tell(json.dumps({name: tokens[name] for name in ("id_token", "access_token")}))
        return self.hear()


@contextmanager
def peer(script: str, settings: dict[str, Any]) -> Iterator[Peer]:
    opened = Peer(script, settings)
    with opened.process:
        try:
            yield opened
        finally:
            opened.process.kill()


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def rotated(made: Installation) -> str:
    """The key that signs from now on; the one before was published until then."""
    done = made.command("keys", "rotate", "--force", "--json")
    assert done.returncode == 0, done.stderr
    (active,) = [row["active"] for row in json.loads(done.stdout) if row["alg"] == "ES256"]
    return str(active)


def tokens_by(app: App, browser: Browser, signing: str) -> dict[str, Any]:
    """Sign in until this key signs."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        tokens = app.sign_in(browser, tenant="contoso").response
        if kid(tokens["id_token"]) == kid(tokens["access_token"]) == signing:
            return tokens
    raise AssertionError("the new key never signed")


@pytest.mark.node
def test_no_stock_client_notices_a_rotation(tmp_path: Path, nearby: Upstreams) -> None:
    """Contract section 3: a key is published before it signs, so a cache that was filled before already has it."""
    made = nearby.installation(tmp_path / "broker")
    made.workers = 1  # each hears of a rotation by itself: of two, the other could sign by the old key a while longer
    with made.running():
        app, browser = App(made.issuer, "app", SECRET, CALLBACK.format("callback")), Browser()
        settings = {"issuer": made.issuer, "jwks_uri": app.discovery["jwks_uri"], "client_id": "app"}
        asked = {"issuer": made.issuer, "client_id": "app", "client_secret": SECRET, "verify": True}
        asked |= {"redirect_uri": app.redirect_uri, "scope": "openid offline_access", "params": {"tenant": "contoso"}}
        with peer("jose_verify.mjs", settings) as jose, peer("openid_client.mjs", asked) as openid_client:
            before = app.sign_in(browser, tenant="contoso").response
            readers = [jose, PyJwt(app)]
            for reader in readers:
                assert_read(reader.read(before), before)
            page = browser.open(openid_client.hear()["authorize"])
            openid_client.tell(page.url)
            first = openid_client.hear()["signed_in"]

            signing = rotated(made)
            after = tokens_by(app, browser, signing)
            assert signing not in {kid(before["id_token"]), kid(first)}
            for reader in readers:
                assert_read(reader.read(after), after)
                assert_read(reader.read(before), before)
            openid_client.tell("go on")
            answer = openid_client.hear()
            assert answer["refreshed"]["sub"] == answer["claims"]["sub"]
            assert kid(answer["refreshed_id_token"]) == signing


def assert_read(answer: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Verified by the one fetch at the beginning."""
    assert "error" not in answer, answer
    assert answer["fetched"] == 1
    for name in ("id_token", "access_token"):
        assert answer[name] == jwt.decode(tokens[name], options={"verify_signature": False})


@pytest.mark.node
def test_stock_readers_refuse_what_we_did_not_sign(tmp_path: Path, nearby: Upstreams) -> None:
    made = nearby.installation(tmp_path / "broker")
    with made.running():
        app = App(made.issuer, "app", SECRET, CALLBACK.format("callback"))
        tokens = app.sign_in(Browser(), tenant="contoso").response
        head, body, signature = tokens["id_token"].split(".")
        forged = {**tokens, "id_token": f"{head}.{body}.{signature[:-8]}AAAAAAAA"}
        swapped = {**tokens, "access_token": tokens["id_token"]}
        settings = {"issuer": made.issuer, "jwks_uri": app.discovery["jwks_uri"], "client_id": "app"}
        with peer("jose_verify.mjs", settings) as jose:
            assert jose.read(forged)["error"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
            assert jose.read(swapped)["error"] == "ERR_JWT_CLAIM_VALIDATION_FAILED"
        with pytest.raises(jwt.InvalidSignatureError):
            PyJwt(app).read(forged)
        with pytest.raises(jwt.InvalidAudienceError):
            PyJwt(app).read(swapped)
