"""`python -m tests.soak [--minutes N]`: prints the report; ends with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import jwt
from sqlalchemy import create_engine

from tests import postgresql
from tests.conftest import NEEDS
from tests.flows.upstreams import served
from tests.soak import report, watch, weather
from tests.soak.ledger import Ledger
from tests.soak.visits import LogoutReceiver, StockApp, Visitor
from tests.soak.world import APP, SECOND, World, world

KEY = urlsafe_b64encode(b"s" * 32).decode()
SAMPLES = 60
LAST_NOTICES = 5.0  # seconds for what is still on its way when everybody has gone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N")
    minutes: float = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="broker-soak-") as name, _store() as (kind, url):
        found = soak(minutes, Path(name), kind, url)
    text, kept = report.printed(found)
    print(text)
    return 0 if kept else 1


@contextmanager
def _store() -> Iterator[tuple[str, str]]:
    """PostgreSQL where there is a server, else SQLite (an empty URL)."""
    if NEEDS["postgresql"][1]() is not None:
        yield "SQLite", ""
        return
    with postgresql.server() as server:
        yield "PostgreSQL", server.database()


def soak(minutes: float, folder: Path, kind: str, url: str) -> report.Outcome:
    ledger = Ledger()
    receiver = LogoutReceiver(ledger)
    environ = {"BROKER_ENCRYPTION_KEY": KEY}
    with served() as place, world(folder / "broker", url, environ, place.origin) as laid_out:
        place.behind = receiver
        made = laid_out.made
        with made.running():
            verifier = jwt.PyJWKClient(f"{made.issuer}/jwks")
            receiver.apps = {client: StockApp(made.issuer, client, verifier, ledger) for client in (APP, SECOND)}
            visitors = [
                Visitor(made.issuer, tenant, number, verifier, ledger)
                for tenant in laid_out.tenants
                for number in range(tenant.visitors)
            ]
            return _run(minutes, kind, laid_out, visitors, ledger)


def _run(minutes: float, kind: str, laid_out: World, visitors: list[Visitor], ledger: Ledger) -> report.Outcome:
    seconds = minutes * 60
    stopped, watched = threading.Event(), threading.Event()
    engine = create_engine(laid_out.made.database)
    meanwhile = weather.Weather(laid_out, seconds)
    samples = watch.Watch(laid_out.made.pid, engine, seconds / SAMPLES)
    with ThreadPoolExecutor(len(visitors) + 2) as pool:
        watching = pool.submit(samples.run, watched)
        going = [pool.submit(meanwhile.run, stopped), *(pool.submit(visitor.run, stopped) for visitor in visitors)]
        stopped.wait(seconds)
        stopped.set()
        watched.set()
        for one in (*going, watching):
            one.result()
    threading.Event().wait(LAST_NOTICES)
    found = report.Outcome(
        minutes=minutes,
        store=kind,
        tenants=laid_out.tenants,
        ledger=ledger,
        weather=meanwhile,
        keys=weather.listed(laid_out.made),
        samples=samples.samples,
        audited=watch.audited(engine),
        reasons=watch.reasons(engine),
        log=laid_out.made.log.read_text(errors="replace"),
    )
    engine.dispose()
    return found


if __name__ == "__main__":
    sys.exit(main())
