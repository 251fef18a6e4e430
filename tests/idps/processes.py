"""Starts third-party identity providers on free loopback ports and stops them again.

Each maker is a context manager; one process serves any number of tenants, configured while it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.demo.assertion import make_key_pair

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
START_SECONDS = 20
UNPACKED = ROOT / "build/simplesamlphp"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], url: str, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that answers `url`; its output goes to `log`, whose end a failed start shows."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command], env={**os.environ, **(env or {})}, stdout=output, stderr=output
        )
    try:
        wait(process, url, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.03)
    raise RuntimeError(f"no answer at {url}:\n{log.read_text(errors='replace')[-4000:]}")


@dataclass(frozen=True)
class OidcProvider:
    """npm oidc-provider. Form fields: login, password, then a consent form."""

    origin: str
    listens: str  # where it is configured; the same unless a proxy stands in front

    def issuer(self, name: str) -> str:
        return f"{self.origin}/{name}"

    def configure(self, name: str, **settings: object) -> str:
        """clients=[…], accounts={login: claims}, conform=bool, rotate="overlap"|"cut"; what is left out stays."""
        control(f"{self.listens}/_control/{name}", settings)
        return self.issuer(name)


@dataclass(frozen=True)
class Samlp:
    """npm samlp, AD FS-like. Form field: username."""

    origin: str
    certificate: str

    def configure(self, name: str, **settings: object) -> str:
        """options={samlp options}, users={username: claims}. Answers the metadata URL; entityID is `origin/name`."""
        control(f"{self.origin}/_control/{name}", settings)
        return f"{self.origin}/{name}/FederationMetadata/2007-06/FederationMetadata.xml"


@dataclass(frozen=True)
class SimpleSamlPhp:
    """Debian's simplesamlphp. Form fields: username, password. Keys `one` and `two` lie in its cert folder."""

    origin: str
    listens: str
    switches: Path
    folder: Path

    def metadata_url(self, name: str) -> str:
        return f"{self.origin}/{name}/saml2/idp/metadata.php"

    def adfs_metadata_url(self, name: str) -> str:
        """Of the same tenant as an AD FS: federation metadata."""
        return f"{self.origin}/{name}/module.php/adfs/idp/metadata.php"

    def configure(self, name: str, **settings: object) -> str:
        """idp={hosted options}, sps={entityID: remote options}, users={"name:password": {attribute: [values]}}.

        As an AD FS: adfs={hosted options}, realms={wtrealm: {"prp": callback, remote options}}.
        """
        known = json.loads(self.switches.read_text())
        known[name] = known.get(name, {}) | settings
        written = self.switches.with_suffix(".new")
        written.write_text(json.dumps(known))
        written.replace(self.switches)
        return self.metadata_url(name)


def control(url: str, settings: Mapping[str, object]) -> None:
    body = json.dumps(settings).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass


@contextlib.contextmanager
def oidc_provider(folder: Path, origin: str | None = None) -> Iterator[OidcProvider]:
    """origin: where a TLS proxy in front of it is reached."""
    port = free_port()
    command: list[str | Path] = ["node", HERE / "node/oidc_provider.mjs", str(port), *([origin] if origin else [])]
    with running(command, url(port), folder / "oidc-provider.log"):
        listens = f"http://127.0.0.1:{port}"
        yield OidcProvider(origin or listens, listens)


@contextlib.contextmanager
def samlp(folder: Path) -> Iterator[Samlp]:
    port = free_port()
    keys = make_key_pair("samlp")
    (folder / "samlp.key").write_bytes(keys.private)
    (folder / "samlp.crt").write_bytes(keys.certificate)
    command: list[str | Path] = ["node", HERE / "node/samlp.mjs", str(port), folder / "samlp.key", folder / "samlp.crt"]
    with running(command, url(port), folder / "samlp.log"):
        yield Samlp(f"http://127.0.0.1:{port}", keys.certificate.decode())


@contextlib.contextmanager
def simplesamlphp(folder: Path, origin: str | None = None) -> Iterator[SimpleSamlPhp]:
    """origin: where a TLS proxy in front of it is reached."""
    port = free_port()
    listens = f"http://127.0.0.1:{port}"
    home = folder / "simplesamlphp"
    switches = lay_out(home)
    prefix = UNPACKED if UNPACKED.is_dir() else Path("/")
    environment = {
        "SIMPLESAMLPHP_CONFIG_DIR": str(home / "config"),
        "SIMPLESAMLPHP_WWW": str(prefix / "usr/share/simplesamlphp/www"),
        "SIMPLESAMLPHP_DEFAULTS": str(prefix / "etc/simplesamlphp/config.php"),
        "SIMPLESAMLPHP_FOLDER": str(home),
        "SIMPLESAMLPHP_ORIGIN": origin or listens,
        "SIMPLESAMLPHP_SWITCHES": str(switches),
    }
    quiet = ["-d", "error_reporting=E_ALL & ~E_DEPRECATED", "-d", "display_errors=0"]
    command: list[str | Path] = ["php", *quiet, "-S", f"127.0.0.1:{port}", HERE / "php/router.php"]
    with running(command, url(port), folder / "simplesamlphp.log", environment):
        yield SimpleSamlPhp(origin or listens, listens, switches, home)


def lay_out(home: Path) -> Path:
    """The folders that simplesamlphp's own configuration names; answers the switches file."""
    for name in ("config", "metadata", "cert", "log", "data", "tmp"):
        (home / name).mkdir(parents=True)
    for name in ("config.php", "authsources.php"):
        shutil.copy(HERE / "php" / name, home / "config" / name)
    for name in ("saml20-idp-hosted.php", "saml20-sp-remote.php", "adfs-idp-hosted.php", "adfs-sp-remote.php"):
        shutil.copy(HERE / "php" / name, home / "metadata" / name)
    for name in ("one", "two"):
        keys = make_key_pair(f"simplesamlphp {name}")
        (home / f"cert/{name}.key").write_bytes(keys.private)
        (home / f"cert/{name}.crt").write_bytes(keys.certificate)
    switches = home / "switches.json"
    switches.write_text("{}")
    return switches


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"
