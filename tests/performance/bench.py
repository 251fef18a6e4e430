"""`make bench`: CPU milliseconds of the broker per whole sign-in, by phase, against a signing stub.

The broker runs as in production (gunicorn, one worker) on SQLite; only its process tree is counted. Every phase runs
for a whole batch before the next one begins, so that its CPU time can be read off. Absolute times belong to the
machine; compare on one machine only. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.flows.broker_process import Installation
from tests.idps.processes import ROOT, free_port, running
from tests.performance import cpu
from tests.performance.journey import CALLBACK, CLIENT_ID, CLIENT_SECRET, Journey
from tests.performance.stub import PEOPLE

SECRET = "upstream-secret-of-the-benchmark"
BROWSERS = 8
PHASES = ("authorize", "callback", "token")
UPSTREAMS = {"saml": "contoso", "oidc": "fabrikam"}
RULES: list[dict[str, object]] = [
    {"set": {"email": "incoming.email.lowerAscii()", "name": "incoming.name"}},
    {"set": {"department": "incoming.department"}},
    {"roles": {"from": "incoming.groups", "map": {"Staff": "viewer", "Finance": "approver"}}},
    {"role": "viewer", "when": "size(incoming.groups) > 0"},
    {
        "deny": "Contractors use the partner portal.",
        "when": 'has(incoming.employee_type) && incoming.employee_type == "x"',
    },
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds, batch = (2, 150) if quick else (5, 400)
    with tempfile.TemporaryDirectory(prefix="broker-bench-") as name:
        folder = Path(name)
        made = Installation(folder / "broker", workers=1)
        saml_port, oidc_port = free_port(), free_port()
        lay_out(made, saml_port, oidc_port)
        callback = made.oidc_callback("fabrikam", "op")
        stub = [sys.executable, "-m", "tests.performance.stub", str(saml_port), str(oidc_port), callback, SECRET]
        environment = {"PYTHONPATH": str(ROOT)}
        with (
            running(stub, f"http://127.0.0.1:{saml_port}/metadata", folder / "stub.log", environment),
            made.running(),
            ThreadPoolExecutor(BROWSERS) as pool,
        ):
            measure(made, pool, "contoso", 60)
            measure(made, pool, "fabrikam", 60)
            results = {
                upstream: [measure(made, pool, tenant, batch) for _ in range(rounds)]
                for upstream, tenant in UPSTREAMS.items()
            }
            memory = cpu.megabytes(made.pid)
    report(results, memory, rounds, batch)
    return 0


def lay_out(made: Installation, saml_port: int, oidc_port: int) -> None:
    made.client(CLIENT_ID, CALLBACK, CLIENT_SECRET, claims=["department"], audience="https://api.example.com")
    made.write("secrets/upstream", SECRET)
    saml = {"id": "adfs", "name": "SAML", "protocol": "saml", "vendor": "adfs"}
    oidc = {"id": "op", "name": "OIDC", "protocol": "oidc", "vendor": "generic", "client_id": "broker"}
    saml_more: dict[str, object] = {"metadata": {"url": f"http://127.0.0.1:{saml_port}/metadata"}}
    oidc_more: dict[str, object] = {"issuer": f"http://127.0.0.1:{oidc_port}"}
    oidc_more["client_secret"] = {"file": "../secrets/upstream"}
    rules: dict[str, object] = {"roles": ["viewer", "approver"], "claims": RULES}
    made.tenant("contoso", [saml | saml_more], ["contoso.example"], **rules)
    made.tenant("fabrikam", [oidc | oidc_more], ["fabrikam.example"], **rules)


def measure(made: Installation, pool: ThreadPoolExecutor, tenant: str, batch: int) -> dict[str, float]:
    """CPU milliseconds a sign-in and phase."""
    journeys = [Journey(made.issuer, tenant, f"u{n % PEOPLE}@{tenant}.example") for n in range(batch)]
    steps: list[tuple[str | None, Callable[[Journey], None]]] = [
        ("authorize", Journey.authorize),
        (None, Journey.sign_in),
        ("callback", Journey.callback),
        ("token", Journey.token),
    ]
    found = {}
    for phase, step in steps:
        before = cpu.seconds(made.pid)
        list(pool.map(step, journeys))
        if phase:
            found[phase] = 1000 * (cpu.seconds(made.pid) - before) / batch
    return found


def report(results: dict[str, list[dict[str, float]]], memory: float, rounds: int, batch: int) -> None:
    table = {
        upstream: {phase: statistics.median(each[phase] for each in measured) for phase in PHASES}
        for upstream, measured in results.items()
    }
    print(f"broker CPU, milliseconds a sign-in (SQLite, 1 worker, {BROWSERS} browsers, median of {rounds} x {batch})")
    print(f"{'':8}" + "".join(f"{name:>12}" for name in (*PHASES, "whole", "a core-second")))
    for upstream, row in table.items():
        row["whole"] = sum(row[phase] for phase in PHASES)
        figures = "".join(f"{row[name]:12.2f}" for name in (*PHASES, "whole"))
        print(f"{upstream:8}{figures}{1000 / row['whole']:12.0f}")
    print(f"memory: {memory:.0f} MB")
    rounded = {name: {phase: round(value, 3) for phase, value in row.items()} for name, row in table.items()}
    print(json.dumps({"unit": "cpu_ms", "rounds": rounds, "batch": batch, "memory_mb": round(memory), **rounded}))


if __name__ == "__main__":
    sys.exit(main())
