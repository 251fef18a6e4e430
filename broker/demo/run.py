"""Starts the broker and its surroundings on free loopback ports, and stops them all again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

import broker
from broker.demo import app, oidc_op, saml_idp, setting
from broker.demo.assertion import make_key_pair
from broker.demo.browser import Browser, fetch
from broker.demo.client import Client
from broker.demo.people import CONTOSO, FABRIKAM
from broker.errors import BrokerError

HOST = "127.0.0.1"
START_SECONDS = 30
LOG_TAIL = 2000


class DemoFailed(BrokerError):
    """The demo's own processes did not come up, or a sign-in ended elsewhere than in the app."""

    public = "The demo did not work."


def show(port: int, *, as_json: bool) -> int:
    with _world(port) as origins:
        emails = [person.email for person in CONTOSO + FABRIKAM]
        if as_json:
            print(json.dumps({"open": origins.app, "issuer": origins.broker, "emails": emails}), flush=True)
        else:
            print(
                f"Open     {origins.app}\nType     {' or '.join(emails)}\nIssuer   {origins.broker}\nStop     Ctrl+C",
                flush=True,
            )
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def check() -> int:
    """Sign in at both tenants and print the decoded tokens."""
    with _world(0) as origins:
        tokens = [_sign_in(origins, person.email) for person in (CONTOSO[0], FABRIKAM[0])]
    print(json.dumps({"tokens": tokens}, indent=2))
    return 0


def _sign_in(origins: setting.Origins, email: str) -> dict[str, object]:
    browser = Browser({"email": email, "login_hint": email})
    page = browser.open(f"{origins.app}/login")
    answer = browser.open(f"{origins.app}/tokens")
    if answer.status != 200:
        raise DemoFailed("sign_in", detail=f"the sign-in ended with status {page.status} at {page.url.split('?')[0]}")
    tokens = json.loads(answer.body)
    access = tokens["access_token"]
    return {"tenant": access.get("tenant"), "idp": access.get("idp"), **tokens}


@contextlib.contextmanager
def _world(port: int) -> Iterator[setting.Origins]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end like Ctrl+C, so that the children end too
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broker-demo-")))
        broker_port, saml_port, oidc_port, app_port = _free_ports(4)
        origins = setting.Origins(
            *(f"http://{HOST}:{n}" for n in (broker_port, port or app_port, saml_port, oidc_port))
        )
        made = setting.write(folder, origins)
        party = oidc_op.RelyingParty("broker", made.upstream, f"{origins.broker}/t/fabrikam/oidc/login/callback")
        provider = oidc_op.Provider(origins.oidc, FABRIKAM, party, time.time)
        keys = make_key_pair("Contoso demo sign-in")
        client = Client(origins.broker, setting.CLIENT_ID, made.app, f"{origins.app}/callback")
        for where, what in (
            (origins.saml, saml_idp.create(origins.saml, "Contoso", CONTOSO, keys, time.time)),
            (origins.oidc, oidc_op.create(provider, "Fabrikam")),
            (origins.app, app.create(client)),
        ):
            stack.enter_context(_serving(what, int(where.rsplit(":", 1)[1])))
        stack.enter_context(_broker(folder, origins.broker))
        yield origins


def _free_ports(number: int) -> list[int]:
    """Held open together, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def _serving(application: Flask, port: int) -> Iterator[None]:
    server = make_server(HOST, port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _broker(folder: Path, issuer: str) -> Iterator[None]:
    """The real thing: `broker serve` in its own process, logging into the folder."""
    command = [sys.executable, "-m", "broker", "serve", "--config", str(folder), "--workers", "1"]
    log = folder / "broker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*command, "--bind", issuer.removeprefix("http://")], env=_environment(), stdout=output, stderr=output
        )
    try:
        _wait(process, f"{issuer}/readyz", log)
        yield
    finally:
        process.terminate()
        process.wait()


def _environment() -> Mapping[str, str]:
    """Nothing of an installation's own settings reaches the demo."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
    return kept | {"PYTHONPATH": str(Path(broker.__file__).resolve().parents[1])}


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if fetch("GET", url).status == 200:
                return
        time.sleep(0.05)
    raise DemoFailed("start", detail=f"the broker did not start:\n{log.read_text(errors='replace')[-LOG_TAIL:]}")
