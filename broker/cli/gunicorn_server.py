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
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return app.create(self.folder, self.environ)
