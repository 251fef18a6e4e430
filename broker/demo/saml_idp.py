"""Contoso's identity provider: SAML 2.0, Redirect binding in, POST binding out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from flask import Flask, Response, abort, render_template, request

from broker.demo.assertion import KeyPair, metadata, read_request, respond
from broker.demo.people import Person, find

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
GROUP = "http://schemas.xmlsoap.org/claims/Group"


def attributes(person: Person) -> dict[str, tuple[str, ...]]:
    """In the names AD FS uses."""
    return {
        f"{CLAIMS}/emailaddress": (person.email,),
        f"{CLAIMS}/givenname": (person.given_name,),
        f"{CLAIMS}/surname": (person.family_name,),
        f"{CLAIMS}/name": (person.name,),
        GROUP: person.groups,
        "department": (person.department,),
    }


def create(
    origin: str, organisation: str, people: tuple[Person, ...], keys: KeyPair, clock: Callable[[], float]
) -> Flask:
    app = Flask(__name__, static_folder=None)
    entity_id = f"{origin}/metadata"

    @app.get("/demo.css")
    def css() -> Response:
        return Response(render_template("demo.css"), mimetype="text/css")

    @app.get("/metadata")
    def our_metadata() -> Response:
        return Response(metadata(entity_id, f"{origin}/sso", keys), mimetype="application/samlmetadata+xml")

    @app.get("/sso")
    def ask() -> str:
        hidden = {name: request.args.get(name, "") for name in ("SAMLRequest", "RelayState")}
        return render_template("people.html", organisation=organisation, protocol="SAML", people=people, hidden=hidden)

    @app.post("/sso")
    def answer() -> str:
        person = find(people, request.form.get("email", ""))
        if person is None:
            abort(400, "Choose one of the people.")
        try:
            asked = read_request(request.form.get("SAMLRequest", ""))
        except ValueError:
            abort(400, "This is not an AuthnRequest.")
        document = respond(asked, entity_id, person.subject, attributes(person), keys, clock())
        hidden = {"SAMLResponse": b64encode(document).decode(), "RelayState": request.form.get("RelayState", "")}
        return render_template("post.html", action=asked.acs, hidden=hidden)

    return app
