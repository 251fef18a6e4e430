"""A throw-away PostgreSQL server: a socket in a temporary folder, no port, no password, gone afterwards."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import postgresql_programs

SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=120 -c shared_buffers=16MB"


class Server:
    """`database()` gives the SQLAlchemy URL of a new, empty database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def database(self) -> str:
        name = f"broker_{uuid4().hex}"
        with psycopg.connect(f"host={self._folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"


@contextmanager
def server() -> Iterator[Server]:
    """PostgreSQL refuses to run as root, so root hands it to the user `postgres`."""
    programs = postgresql_programs()
    assert programs is not None, "no postgresql server programs"
    folder = Path(tempfile.mkdtemp(prefix="broker-pg-", dir="/tmp"))  # a socket's path is at most 107 bytes
    owner = "postgres" if os.geteuid() == 0 else getpass.getuser()
    if os.geteuid() == 0:
        shutil.chown(folder, owner, owner)
        folder.chmod(0o755)
    try:
        _run(owner, programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync")
        options = f"{SETTINGS} -c unix_socket_directories={folder}"
        _run(owner, programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Server(folder)
        finally:
            _run(owner, programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """For tests marked `postgresql`: `tests/conftest.py` leaves them out where there is no server program."""
    with server() as running:
        yield running


def _run(owner: str, *command: str | Path) -> None:
    words = [str(word) for word in command]
    if owner != getpass.getuser():
        words = ["runuser", "-u", owner, "--", *words]
    done = subprocess.run(words, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
