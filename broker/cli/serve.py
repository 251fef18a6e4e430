"""`broker serve`: gunicorn with threads, one worker a core.

The master prepares store, keys and the first revision once, before it forks; every worker then builds its own
application, so that no connection, key object or lock is shared across processes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

from broker import app

THREADS = 8
BIND = "127.0.0.1:8080"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("serve", help="run the broker", description=__doc__)
    parser.add_argument("--config", type=Path, metavar="DIR", help="configuration folder (BROKER_CONFIG)")
    parser.add_argument("--bind", metavar="HOST:PORT", default=BIND, help=f"listen here (default {BIND})")
    parser.add_argument("--workers", type=int, metavar="N", default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--apply", action="store_true", help="make what differs in the folder live first")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    folder = args.config or os.environ.get("BROKER_CONFIG")
    if folder is None:
        args.usage_error("--config DIR or BROKER_CONFIG is needed")
    if args.workers < 1:
        args.usage_error("--workers must be at least 1")
    app.prepare(Path(folder), os.environ, apply=args.apply)
    Server(Path(folder), os.environ, settings(args.bind, args.workers)).run()
    return 0


def settings(bind: str, workers: int) -> dict[str, object]:
    """gunicorn's: the control socket is one file for all gunicorns of a user, so it stays off.

    `forwarded_allow_ips` is empty because the application reads forwarding headers itself, from the configured
    trusted proxies only; the request line leaves room for an authorization request with long parameters.
    """
    return {
        "bind": bind,
        "workers": workers,
        "threads": THREADS,
        "worker_class": "gthread",
        "keepalive": 75,
        "graceful_timeout": 20,
        "control_socket_disable": True,
        "forwarded_allow_ips": "",
        "limit_request_line": 8190,
        "preload_app": False,
        "proc_name": "broker",
    }


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, folder: Path, environ: Mapping[str, str], options: Mapping[str, object]) -> None:
        self.folder = folder
        self.environ = environ
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return app.create(self.folder, self.environ)
