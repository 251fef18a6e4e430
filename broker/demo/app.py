"""The demo app: signs in at the one issuer it knows and shows what it got. `/tokens` is the same as JSON."""

from __future__ import annotations

import dataclasses
import secrets

from authlib.common.errors import AuthlibBaseError
from flask import Flask, Response, abort, jsonify, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.client import Client, Started, Tokens
from broker.demo.people import CONTOSO, FABRIKAM


def create(client: Client) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.secret_key = secrets.token_bytes(32)
    app.config["SESSION_COOKIE_NAME"] = "demo_app"
    latest: dict[str, Tokens] = {}

    @app.get("/demo.css")
    def css() -> Response:
        return Response(render_template("demo.css"), mimetype="text/css")

    @app.get("/")
    def home() -> str:
        return render_template("app.html", people=CONTOSO + FABRIKAM, tokens=latest.get(session.get("latest", "")))

    @app.get("/login")
    def login() -> AnyResponse:
        started = client.start(**request.args.to_dict())
        session["started"] = dataclasses.asdict(started)
        return redirect(started.url, 303)

    @app.get("/callback")
    def callback() -> AnyResponse:
        if "error" in request.args:
            abort(400, request.args.get("error_description", request.args["error"]))
        if "started" not in session:
            abort(400, "Nothing was started here.")
        started = Started(**session.pop("started"))
        try:
            tokens = client.finish(started, request.url)
        except AuthlibBaseError as error:
            abort(400, str(error))
        session["latest"] = secrets.token_hex(8)
        latest.clear()
        latest[session["latest"]] = tokens
        return redirect("/", 303)

    @app.get("/tokens")
    def tokens() -> Response:
        found = latest.get(session.get("latest", ""))
        if found is None:
            abort(404, "Nobody is signed in.")
        return jsonify(dataclasses.asdict(found))

    return app
