"""How a posted form is read. A SAML answer may be a megabyte, and werkzeug needs half a second for two of escapes.

Short forms are werkzeug's. A long one is read by the rules that browsers follow (WHATWG URL §5.1) and no others. Only
this media type is a form here; what comes as any other has no fields.
"""

from __future__ import annotations

import binascii
from io import BytesIO
from typing import IO, Any

from flask import Request as FlaskRequest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from broker.web.parameters import FORM

LARGEST_FORM = 2 * 1_048_576  # bytes: a SAML response with ten thousand group values fits
LONG_FORM = 65_536
MOST_FIELDS = 200
MOST_ESCAPES = 300_000  # a megabyte of XML has fewer


class FormParser(FormDataParser):
    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Any]]:
        """Raises RequestEntityTooLarge, and BadRequest for a long form that no browser writes."""
        if mimetype != FORM:
            return stream, self.cls(), self.cls()
        raw = stream.read()
        if raw.count(b"&") >= MOST_FIELDS or raw.count(b"%") > MOST_ESCAPES:
            raise RequestEntityTooLarge
        if len(raw) <= LONG_FORM:
            return super().parse(BytesIO(raw), mimetype, content_length, options)
        pairs = [pair.partition(b"=") for pair in raw.split(b"&") if pair]
        return stream, self.cls([(unescaped(name), unescaped(value)) for name, _, value in pairs]), self.cls()


class Request(FlaskRequest):
    form_data_parser_class = FormParser


def unescaped(text: bytes) -> str:
    """Percent-escapes and plus signs undone, in C: quoted-printable (RFC 2045 §6.7) differs only in its sign.

    Its soft line breaks do not: so there may be no line break, and every sign must have begun an escape.
    """
    if b"\n" in text or b"\r" in text:
        raise BadRequest
    escaped = text.replace(b"+", b" ").replace(b"=", b"%3D")
    plain = binascii.a2b_qp(escaped.replace(b"%", b"="))
    if len(plain) != len(escaped) - 2 * escaped.count(b"%"):
        raise BadRequest
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise BadRequest from None
