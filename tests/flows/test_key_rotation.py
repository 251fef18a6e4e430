"""Keys rotate under load: no relying party meets a key that it cannot find, and what was signed before stays good."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet

from tests.flows.app import App, SignedIn
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams

PUBLISH_AHEAD = 600  # seconds; contract section 3
PATIENCE = 60  # seconds; a worker knows of a rotation after five


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


class Library(App):
    """Keeps the published keys as libraries do, and asks again only for a key id that it does not know."""

    held: KeySet | None = None
    asked_again = 0

    def keys(self) -> KeySet:
        if self.held is None:
            self.held = super().keys()
        return self.held

    def read_id_token(self, got: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        for token in (got["id_token"], got["access_token"]):
            if kid_of(token) not in {key.kid for key in self.keys()}:
                self.asked_again += 1
                self.held = super().keys()
        return super().read_id_token(got, nonce)


@dataclass
class Visitor:
    """Signs in at one app again and again; every token is verified, or `run` raises."""

    app: Library
    browser: Browser = field(default_factory=Browser)
    signed: list[SignedIn] = field(default_factory=list)

    def run(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self.signed.append(self.app.sign_in(self.browser, tenant="contoso"))

    @property
    def kids(self) -> set[str]:
        return {kid_of(signed.response["id_token"]) for signed in self.signed}


@contextmanager
def visiting(*visitors: Visitor) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """They sign in while the block runs. Yields a way to wait for something that must soon be so."""
    stopped = threading.Event()
    with ThreadPoolExecutor(len(visitors)) as pool:
        running = [pool.submit(visitor.run, stopped) for visitor in visitors]

        def until(so: Callable[[], bool]) -> None:
            deadline = time.monotonic() + PATIENCE
            while not so():
                assert not any(one.done() for one in running), [one.exception() for one in running if one.done()]
                assert time.monotonic() < deadline, "nothing changed"
                stopped.wait(0.05)

        try:
            yield until
        finally:
            stopped.set()
        for one in running:
            one.result()


def listed(made: Installation) -> dict[str, tuple[str, str]]:
    """kid -> (alg, state)."""
    done = made.command("keys", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {key["kid"]: (key["alg"], key["state"]) for key in json.loads(done.stdout)}


def rotate(made: Installation, *flags: str) -> dict[str, str]:
    """alg -> the kid that signs from now on."""
    done = made.command("keys", "rotate", "--json", *flags)
    assert done.returncode == 0, done.stderr
    return {row["alg"]: row["active"] for row in json.loads(done.stdout)}


def let_time_pass(made: Installation) -> None:
    """The waiting keys were published long enough ago to sign."""
    with closing(sqlite3.connect(made.folder / "broker.db", timeout=10)) as store, store:
        store.execute("UPDATE keys SET published_at = published_at - ? WHERE state = 'next'", [PUBLISH_AHEAD])


def test_no_verification_fails_while_keys_rotate(tmp_path: Path, nearby: Upstreams) -> None:
    made = nearby.installation(tmp_path / "broker")
    with made.running():
        es256 = Visitor(Library(made.issuer, "app", SECRET, CALLBACK.format("callback")))
        rs256 = Visitor(Library(made.issuer, "rsa", SECRET, CALLBACK.format("rsa")))
        with visiting(es256, rs256) as until:
            until(lambda: bool(es256.signed and rs256.signed))
            refused = made.command("keys", "rotate")
            assert (refused.returncode, "[published_too_recently]" in refused.stderr) == (1, True)
            before = listed(made)

            signing = rotate(made, "--force")  # the next keys are in the key sets that both fetched before
            assert [before[signing[alg]] for alg in ("ES256", "RS256")] == [("ES256", "next"), ("RS256", "next")]
            until(lambda: signing["ES256"] in es256.kids and signing["RS256"] in rs256.kids)
            assert (es256.app.asked_again, rs256.app.asked_again) == (0, 0)

            let_time_pass(made)
            later = rotate(made)
            until(lambda: later["ES256"] in es256.kids and later["RS256"] in rs256.kids)
            assert (es256.app.asked_again, rs256.app.asked_again) == (1, 1)
        assert len(es256.kids) == len(rs256.kids) == 3
        after = listed(made)
        states = ("active", "next", "retired", "retired")
        assert sorted(after.values()) == [(alg, state) for alg in ("ES256", "RS256") for state in states]
        assert set(before) < set(after), "a kid is never given again"
        assert after[kid_of(es256.signed[0].response["id_token"])] == ("ES256", "retired")
        assert_still_good(made, es256)


def assert_still_good(made: Installation, visitor: Visitor) -> None:
    """A token by the first, retired key verifies with today's key set, and ends its session as a hint."""
    first = visitor.signed[0].response["id_token"]
    fresh = Library(made.issuer, "app", SECRET, CALLBACK.format("callback"))
    jws.deserialize_compact(first, fresh.keys(), algorithms=["ES256"])
    visitor.browser.stop = ()
    page = visitor.browser.send("GET", f"{made.issuer}/logout?id_token_hint={first}")
    assert (page.status, "You are signed out" in page.text) == (200, True)
    started = fresh.start(tenant="contoso", prompt="none")
    assert visitor.browser.send("GET", started.url).headers["location"].split("error=")[1].startswith("login_required")
