"""The broker as operators run it: `python -m broker serve` in its own processes, on a folder that the test writes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.idps.processes import ROOT, free_port, wait

STOP_SECONDS = 10


@dataclass
class Installation:
    """A configuration folder and the address its broker will have. Write files, then `with installation.running():`.

    database: its URL; without one, SQLite in the folder.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    environ: dict[str, str] = field(default_factory=dict)
    workers: int = 2
    pid: int = 0
    database: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.database or f"sqlite:///{self.folder}/broker.db"
        self.write("broker.yaml", {"issuer": self.issuer, "database": self.database})

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    def write(self, name: str, content: Mapping[str, object] | str) -> Path:
        """A YAML file from its content, or a plain file from text (secrets)."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content), sort_keys=False))
        return path

    def client(self, client_id: str, redirect_uri: str, secret: str | None = None, **more: object) -> None:
        auth: dict[str, object] = {"method": "none"}
        if secret is not None:
            self.write(f"secrets/{client_id}", secret)
            auth = {"method": "client_secret_basic", "secret": {"file": f"../secrets/{client_id}"}}
        shape = {"client_id": client_id, "name": client_id.title(), "redirect_uris": [redirect_uri], "auth": auth}
        self.write(f"clients/{client_id}.yaml", shape | more)

    def tenant(self, tenant: str, idps: list[dict[str, object]], domains: list[str], **more: object) -> None:
        shape = {
            "id": tenant,
            "name": tenant.title(),
            "home_realm": {"email_domains": domains},
            "identity_providers": idps,
        }
        self.write(f"tenants/{tenant}.yaml", shape | more)

    def saml_acs(self, tenant: str, idp: str) -> str:
        return f"{self.issuer}/t/{tenant}/saml/{idp}/acs"

    def saml_entity(self, tenant: str, idp: str) -> str:
        return f"{self.issuer}/t/{tenant}/saml/{idp}/metadata"

    def oidc_callback(self, tenant: str, idp: str) -> str:
        return f"{self.issuer}/t/{tenant}/oidc/{idp}/callback"

    @contextlib.contextmanager
    def running(self, *, apply: bool = True) -> Iterator[Installation]:
        with self.launched(self.port, apply=apply) as process:
            wait(process, f"{self.issuer}/readyz", self.log)
            self.pid = process.pid
            yield self

    @contextlib.contextmanager
    def launched(self, port: int, *, apply: bool = True) -> Iterator[subprocess.Popen[bytes]]:
        """`broker serve` on that port, perhaps not ready yet: a node of this installation."""
        command = [sys.executable, "-m", "broker", "serve", "--config", str(self.folder)]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", str(self.workers), *(["--apply"] if apply else [])]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env={**_clean(), **self._environment()}, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another verb of the broker, on the same store: `installation.command("keys", "list", "--json")`."""
        return subprocess.run(
            [sys.executable, "-m", "broker", *words],
            env={**_clean(), "BROKER_DATABASE_URL": self.database, **self._environment()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT), **self.environ}


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
