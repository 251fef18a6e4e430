"""The folder proposes, the store decides: what is live, how it changes, and what a broken folder does to it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests

import broker.app
from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams
from tests.idps.processes import free_port, wait

PATIENCE = 60  # seconds; a worker looks for a newer revision every other second


@pytest.fixture
def made(tmp_path: Path, nearby: Upstreams) -> Installation:
    """Not served yet; one worker is enough here."""
    installed = nearby.installation(tmp_path / "broker")
    installed.workers = 1
    return installed


def spa(made: Installation) -> App:
    return App(made.issuer, "spa", None, CALLBACK.format("spa"), "openid offline_access")


def start_url(made: Installation, tenant: str) -> str:
    return spa(made).start(tenant=tenant).url


def sign_in_is_begun(made: Installation, tenant: str) -> bool:
    """By the browser being sent to that tenant's IdP; else it goes back with an error."""
    answer = Browser().send("GET", start_url(made, tenant))
    return "error=" not in answer.headers["location"]


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, "nothing changed"
        time.sleep(0.1)


def serve_once(made: Installation, *flags: str) -> subprocess.CompletedProcess[str]:
    """For what refuses to start."""
    return made.command("serve", "--config", str(made.folder), "--bind", f"127.0.0.1:{free_port()}", *flags)


def revisions(made: Installation) -> int:
    with closing(sqlite3.connect(made.folder / "broker.db", timeout=10)) as store:
        return int(store.execute("SELECT count(*) FROM revisions").fetchone()[0])


def test_difference_is_reported_as_drift_until_it_is_applied(made: Installation) -> None:
    with made.running(apply=False):
        assert "revision 1 is live: first revision" in made.log.read_text()
        browser = Browser()
        held = spa(made).sign_in(browser, tenant="northwind").response["refresh_token"]
    (made.folder / "tenants/northwind.yaml").unlink()
    made.client("late", CALLBACK.format("late"))

    with made.running(apply=False):
        (drift,) = [line for line in made.log.read_text().splitlines() if "(drift)" in line]
        assert drift.endswith("differs from the live revision 1 (drift): clients/late.yaml, tenants/northwind.yaml")
        assert sign_in_is_begun(made, "northwind")
        assert revisions(made) == 1

        second = free_port()
        with made.launched(second, apply=True) as node:  # another node applies; this one hears of it
            wait(node, f"http://127.0.0.1:{second}/readyz", made.log)
            assert revisions(made) == 2
            until(lambda: not sign_in_is_begun(made, "northwind"))
        assert_gone(made, browser, held)


def test_a_running_broker_takes_what_is_applied_and_what_is_rolled_back(made: Installation) -> None:
    with made.running(apply=False):
        written = (made.folder / "tenants/northwind.yaml").read_text()
        (made.folder / "tenants/northwind.yaml").unlink()
        plan = made.command("config", "plan", str(made.folder), "--json")
        assert [(one["id"], one["change"]) for one in json.loads(plan.stdout)["changes"]] == [("northwind", "removed")]
        assert revisions(made) == 1
        kept = made.folder / "plan.json"
        kept.write_text(plan.stdout)

        applied = made.command("config", "apply", str(made.folder), "--plan", str(kept), "--by", "ann", "--json")
        assert (applied.returncode, json.loads(applied.stdout)["revision"]) == (0, 2), applied.stderr
        until(lambda: not sign_in_is_begun(made, "northwind"))
        (made.folder / "tenants/northwind.yaml").write_text(written)
        stale = made.command("config", "apply", str(made.folder), "--plan", str(kept))
        assert (stale.returncode, stale.stdout) == (1, "")
        assert "The plan is stale" in stale.stderr

        back = made.command("config", "rollback", "1", "--by", "ann")
        assert (back.returncode, back.stdout) == (0, "Revision 3 is live: back to revision 1.\n"), back.stderr
        until(lambda: sign_in_is_begun(made, "northwind"))
        past = json.loads(made.command("config", "history", "--json").stdout)
        assert [(one["revision"], one["by"], one["live"]) for one in past] == [
            (1, "serve", False),
            (2, "ann", False),
            (3, "ann", True),
        ]


def assert_gone(made: Installation, browser: Browser, refresh_token: str) -> None:
    """Single sign-on and refresh tokens of a removed tenant end with it; the others go on."""
    assert "error=invalid_request" in browser.send("GET", start_url(made, "northwind")).headers["location"]
    form = {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": refresh_token}
    answer = requests.post(f"{made.issuer}/token", data=form, timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert sign_in_is_begun(made, "contoso")


def test_broken_folder_is_refused_with_all_its_problems_and_changes_nothing(made: Installation) -> None:
    broker.app.prepare(made.folder, made.environ)
    made.write("tenants/contoso.yaml", "id: contoso\nidentity_providers: []\nnickname: Contoso\n")
    made.write("clients/late.yaml", {"client_id": "late", "redirect_uris": ["http://app.example/"], "auth": {}})
    done = serve_once(made, "--apply")
    assert (done.returncode, done.stdout) == (2, "")
    assert {line.split(":")[0] for line in done.stderr.splitlines()} == {"clients/late.yaml", "tenants/contoso.yaml"}
    assert "nickname" in done.stderr
    with made.running(apply=False):
        assert sign_in_is_begun(made, "contoso")
        assert revisions(made) == 1


def test_broken_folder_never_becomes_the_first_revision(made: Installation) -> None:
    made.write("tenants/contoso.yaml", "id: contoso\nidentity_providers: []\n")
    assert serve_once(made).returncode == 2
    assert revisions(made) == 0


def test_secret_comes_from_the_environment_and_its_absence_is_said(made: Installation) -> None:
    auth = {"method": "client_secret_basic", "secret": {"env": "APP_SECRET"}}
    made.client("app", CALLBACK.format("callback"), auth=auth)
    form = {"grant_type": "refresh_token", "refresh_token": "none"}
    with made.running(apply=False):
        unset = requests.post(f"{made.issuer}/token", data=form, auth=("app", ""), timeout=20).json()
        assert "the environment variable APP_SECRET is not set" in made.log.read_text()
    made.environ["APP_SECRET"] = SECRET
    before = len(made.log.read_text())
    with made.running(apply=False):
        good = requests.post(f"{made.issuer}/token", data=form, auth=("app", SECRET), timeout=20).json()
        bad = requests.post(f"{made.issuer}/token", data=form, auth=("app", SECRET + "!"), timeout=20).json()
    log = made.log.read_text()[before:]
    assert "APP_SECRET" not in log
    assert SECRET not in log
    assert [answer["error"] for answer in (unset, good, bad)] == ["invalid_client", "invalid_grant", "invalid_client"]
