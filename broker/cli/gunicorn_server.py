"""The application under gunicorn: prepared once in the master, built once in every worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

from broker import app


def serve(folder: Path, environ: Mapping[str, str], options: Mapping[str, object], *, apply: bool) -> None:
    """Does not return before the server stops. Raises BrokerError where the store or configuration is not fit."""
    app.prepare(folder, environ, apply=apply)
    Server(folder, environ, options).run()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, folder: Path, environ: Mapping[str, str], options: Mapping[str, object]) -> None:
        self.folder = folder
        self.environ = environ
        self.options = options
        self.worker: Flask | None = None  # one process, one application
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)
        self.cfg.set("worker_exit", self.ended)

    def load(self) -> Flask:
        self.worker = app.create(self.folder, self.environ)
        return self.worker

    def ended(self, arbiter: object, worker: object) -> None:  # noqa: ARG002  gunicorn's signature
        if self.worker is not None:
            app.close(self.worker)
