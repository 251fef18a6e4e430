"""`broker serve`: gunicorn with threads, one worker a core.

The master prepares store, keys and the first revision once, before it forks; every worker then builds its own
application, so that no connection, key object or lock is shared across processes.
"""

from __future__ import annotations

import argparse
import os
import re

from broker.cli.verb import add_config

THREADS = 8
BIND = "127.0.0.1:8080"
ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:]+\]|[^\s:\[\]]+):(\d{1,5})")


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("serve", help="run the broker", description=__doc__)
    add_config(parser)
    parser.add_argument("--bind", type=_bind, metavar="HOST:PORT", default=BIND, help=f"listen here (default {BIND})")
    parser.add_argument("--workers", type=int, metavar="N", default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--apply", action="store_true", help="make what differs in the folder live first")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.workers < 1:
        args.usage_error("--workers must be at least 1")
    from broker.cli.gunicorn_server import serve  # noqa: PLC0415  # other verbs start without the web stack

    serve(args.config, os.environ, settings(args.bind, args.workers), apply=args.apply)
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


def _bind(text: str) -> str:
    """Refused here: gunicorn would try for seconds, after the store is made."""
    found = ADDRESS.fullmatch(text)
    if found is None or int(found[1]) > 65535:
        raise argparse.ArgumentTypeError("write HOST:PORT, such as 127.0.0.1:8080")
    return text
