"""A request's parameters with every value kept: what Flask has parsed, as the protocol layers want it."""

from __future__ import annotations

from flask import Request

from broker.errors import InvalidRequest
from broker.oauth2.parameters import Parameters

FORM = "application/x-www-form-urlencoded"
LARGEST = 131_072  # bytes of a program's form: an assertion, a subject's token and an actor's fit


def queried(request: Request) -> Parameters:
    return {name: tuple(values) for name, values in request.args.lists()}


def posted(request: Request) -> Parameters:
    """Raises InvalidRequest("content_type") for anything but a form (RFC 6749 §3.2, Appendix B).

    Flask's 413 where it is larger than LARGEST: nobody has proven who they are yet, and /par would keep it.
    """
    if request.mimetype != FORM:
        raise InvalidRequest("content_type", f"Send the parameters as {FORM}.")
    request.max_content_length = LARGEST
    return {name: tuple(values) for name, values in request.form.lists()}
