"""What this machine can run, and an honest closing line about what it could not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APACHE = Path("/usr/lib/apache2/modules")
PEERS = ROOT / "tests" / "idps" / "node" / "node_modules"
SIMPLESAMLPHP = (ROOT / "build/simplesamlphp/usr/share/simplesamlphp", Path("/usr/share/simplesamlphp"))


def _missing_postgresql() -> str | None:
    if postgresql_programs() is None:
        return "no postgresql server programs"
    return "no runuser, and root may not run it" if os.geteuid() == 0 and shutil.which("runuser") is None else None


def _missing_chromium() -> str | None:
    return None if Path("/usr/bin/chromium").exists() else "no /usr/bin/chromium"


def _missing_node() -> str | None:
    if shutil.which("node") is None:
        return "no node"
    return None if (PEERS / "oidc-provider").is_dir() else "no packages: npm ci --prefix tests/idps/node"


def _missing_php() -> str | None:
    if shutil.which("php") is None:
        return "no php"
    return None if any(folder.is_dir() for folder in SIMPLESAMLPHP) else "no simplesamlphp: see .ci/run"


def _missing_apache() -> str | None:
    if shutil.which("apache2") is None:
        return "no apache2"
    return None if (APACHE / "mod_auth_openidc.so").exists() else "no libapache2-mod-auth-openidc"


# marker -> (what the closing line calls it, why it cannot run here or None)
NEEDS = {
    "node": ("Node.js identity providers and relying parties", _missing_node),
    "php": ("SimpleSAMLphp identity provider", _missing_php),
    "postgresql": ("PostgreSQL store", _missing_postgresql),
    "apache": ("Apache's mod_auth_openidc as relying party", _missing_apache),
    "chromium": ("Chromium pages", _missing_chromium),
}


def postgresql_programs() -> Path | None:
    """The folder of initdb and postgres; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a missing program; with CI set, leave it in so that it fails."""
    config.stash[LEFT_OUT] = {}
    for item in items:
        for need in [mark.name for mark in item.iter_markers() if mark.name in NEEDS]:
            what, missing = NEEDS[need]
            why = missing()
            if why is None:
                continue
            config.stash[LEFT_OUT].setdefault(f"{what} ({why})", []).append(item.nodeid)
            if not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason=f"left out: {what} ({why})"))


LEFT_OUT: pytest.StashKey[dict[str, list[str]]] = pytest.StashKey()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not os.environ.get("CI"):
        return
    for mark in item.iter_markers():
        why = NEEDS[mark.name][1]() if mark.name in NEEDS else None
        if why is not None:
            pytest.fail(f"continuous integration leaves nothing out: {NEEDS[mark.name][0]} ({why})", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line, tests in sorted(config.stash.get(LEFT_OUT, {}).items()):
        terminalreporter.write_line(f"left out: {line}, {len(tests)} tests")
