"""A request's parameters with every value kept: what Flask has parsed, as the protocol layers want it."""

from __future__ import annotations

from flask import Request

from broker.errors import InvalidRequest
from broker.oauth2.parameters import Parameters

FORM = "application/x-www-form-urlencoded"


def queried(request: Request) -> Parameters:
    return {name: tuple(values) for name, values in request.args.lists()}


def posted(request: Request) -> Parameters:
    """Raises InvalidRequest("content_type") for anything but a form (RFC 6749 §3.2, Appendix B)."""
    if request.mimetype != FORM:
        raise InvalidRequest("content_type", f"Send the parameters as {FORM}.")
    return {name: tuple(values) for name, values in request.form.lists()}
