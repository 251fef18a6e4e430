"""How a page is made: its template, its content policy, and the files beside it. `Pages` has the words."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import jinja2
from flask import Blueprint, Response, send_from_directory

from broker.web.headers import content_security_policy

STATIC_SECONDS = 86400


def template_folder() -> Path:
    """`templates/` of the checkout, else where the wheel put it (`share/broker/templates` below the prefix)."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "templates"
    return Path(sysconfig.get_path("data")) / "share" / "broker" / "templates"


class Rendering:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
        )
        versions = {file.name: _version(file) for file in sorted((self._folder / "static").iterdir())}
        self._templates.globals["static"] = lambda name: f"/static/{name}?v={versions[name]}"

    def blueprint(self) -> Blueprint:
        """`/static/<name>`: the style sheet and the one script."""
        routes = Blueprint("static_files", __name__)
        routes.add_url_rule("/static/<name>", "static", self._static)
        return routes

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        allow: str = "'none'",
        frames: Sequence[str] = (),
        **values: object,
    ) -> Response:
        """allow: where its forms may lead. frames: the addresses that it loads."""
        text = self._templates.get_template(template).render(frames=frames, **values)
        response = Response(text, status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = content_security_policy(allow, frames)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _static(self, name: str) -> Response:
        return send_from_directory(self._folder / "static", name, max_age=STATIC_SECONDS)


def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
