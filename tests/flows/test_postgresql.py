"""The main line on PostgreSQL, in its own processes; and what the operator's commands need there."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams
from tests.postgresql import Server

pytestmark = pytest.mark.postgresql

KEY = urlsafe_b64encode(b"p" * 32).decode().rstrip("=")
OFFLINE = "openid profile email offline_access"


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, nearby: Upstreams, postgresql_server: Server
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("postgresql")
    installed = nearby.installation(folder, postgresql_server.database(), BROKER_ENCRYPTION_KEY=KEY)
    with installed.running():
        yield installed


def web(made: Installation, scope: str = OFFLINE) -> App:
    return App(made.issuer, "app", SECRET, CALLBACK.format("callback"), scope)


def spa(made: Installation) -> App:
    return App(made.issuer, "spa", None, CALLBACK.format("spa"), OFFLINE)


def token(made: Installation, **form: str) -> tuple[int, dict[str, Any]]:
    answer = requests.post(f"{made.issuer}/token", data=form, timeout=20)
    return answer.status_code, answer.json()


def reason_of(made: Installation, answer: dict[str, Any]) -> str:
    """The audit event's, by the reference that the client was shown."""
    reference = re.search(r"\(ref ([a-z0-9-]+)\)$", answer["error_description"])
    assert reference, answer
    done = made.command("audit", "list", "--ref", reference[1], "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)[-1]["reason"])


@pytest.mark.parametrize(
    ("tenant", "idp", "address"),
    [("contoso", "op", "alice@contoso.example"), ("northwind", "idp", "nora@northwind.example")],
    ids=["oidc", "saml"],
)
def test_whole_sign_in(made: Installation, browser: Browser, tenant: str, idp: str, address: str) -> None:
    signed = web(made).sign_in(browser, login_hint=address)
    assert (signed.access_token["tenant"], signed.access_token["idp"]) == (tenant, idp)
    assert signed.access_token["roles"] == ["viewer"]
    assert signed.id_token["email"] == address
    userinfo = web(made).userinfo(signed.response["access_token"]).json()
    assert (userinfo["sub"], userinfo["email"]) == (signed.id_token["sub"], address)


def test_reused_refresh_token_ends_the_family(made: Installation, browser: Browser) -> None:
    app = spa(made)
    first = app.sign_in(browser, tenant="contoso").response
    second = app.refresh(first["refresh_token"])
    assert app.userinfo(second["access_token"]).status_code == 200
    form = {"grant_type": "refresh_token", "client_id": "spa"}
    status, answer = token(made, refresh_token=first["refresh_token"], **form)
    assert (status, answer["error"], reason_of(made, answer)) == (400, "invalid_grant", "refresh_reuse")
    status, answer = token(made, refresh_token=second["refresh_token"], **form)
    assert (status, answer["error"], reason_of(made, answer)) == (400, "invalid_grant", "grant_revoked")
    assert app.userinfo(second["access_token"]).status_code == 401


def test_code_used_twice_takes_back_what_its_first_use_gave(made: Installation, browser: Browser) -> None:
    app = spa(made)
    started = app.start(tenant="contoso")
    browser.stop = (app.redirect_uri,)
    page = browser.open(started.url)
    signed = app.finish(started, page)
    status, answer = token(
        made,
        grant_type="authorization_code",
        client_id="spa",
        code=page.query["code"],
        code_verifier=started.verifier,
        redirect_uri=app.redirect_uri,
    )
    assert (status, answer["error"], reason_of(made, answer)) == (400, "invalid_grant", "code_replay")
    assert app.userinfo(signed.response["access_token"]).status_code == 401


def test_revoked_refresh_token_ends_its_grant(made: Installation, browser: Browser) -> None:
    app = web(made)
    signed = app.sign_in(browser, tenant="northwind").response
    assert app.revoke(signed["refresh_token"]).status_code == 200
    assert app.userinfo(signed["access_token"]).status_code == 401


def test_a_failed_sign_in_is_found_by_its_reference(made: Installation, browser: Browser) -> None:
    page = browser.send("GET", web(made).start(tenant="contoso", prompt="none").url)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}
    assert (answer["error"], reason_of(made, answer)) == ("login_required", "no_session")


def test_commands_need_only_the_database_and_its_key(made: Installation, tmp_path: Path) -> None:
    elsewhere = Installation(tmp_path, database=made.database, environ=made.environ)
    done = elsewhere.command("keys", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert {key["state"] for key in json.loads(done.stdout)} == {"active", "next"}


@pytest.mark.parametrize("words", [("keys", "list"), ("audit", "list"), ("db", "upgrade")], ids=" ".join)
def test_command_without_the_key_says_which_variable_to_set(made: Installation, words: tuple[str, ...]) -> None:
    keyless = Installation(made.folder / "keyless", database=made.database)
    assert_key_is_asked_for(keyless.command(*words))


def test_serve_refuses_to_start_without_the_key(made: Installation, nearby: Upstreams, tmp_path: Path) -> None:
    keyless = nearby.installation(tmp_path, made.database)
    assert_key_is_asked_for(keyless.command("serve", "--config", str(keyless.folder)))


def assert_key_is_asked_for(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("broker: Set BROKER_ENCRYPTION_KEY to 32 random bytes in base64url")
    assert line.endswith("[key_unset]")
