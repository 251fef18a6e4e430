"""Long forms are read as werkzeug reads them, and not longer."""

from __future__ import annotations

import time
from io import BytesIO
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from broker.web.forms import LONG_FORM, MOST_ESCAPES, MOST_FIELDS, FormParser, unescaped
from broker.web.parameters import FORM

PADDING = "x" * LONG_FORM


def read(parser: type[FormDataParser], body: bytes, mimetype: str = FORM) -> list[tuple[str, str]]:
    return list(parser().parse(BytesIO(body), mimetype, len(body), {})[1].items(multi=True))


@given(st.text())
def test_what_was_escaped_comes_back(text: str) -> None:
    assert unescaped(quote_plus(text).encode()) == text


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_long_forms_read_like_short_ones(fields: list[tuple[str, str]]) -> None:
    body = urlencode([*fields, ("padding", PADDING)]).encode()
    assert len(body) > LONG_FORM
    assert read(FormParser, body) == read(FormDataParser, body)


@pytest.mark.parametrize("spelling", ["a=b=c", "a", "=b", "&&a=1&", "a=%3d%3D%26", "a=+%20", "a=b c", "a=_~%5f", "a= "])
def test_odd_spellings_read_alike(spelling: str) -> None:
    body = f"{spelling}&padding={PADDING}".encode()
    assert read(FormParser, body) == read(FormDataParser, body)


@pytest.mark.parametrize("wrong", [b"%", b"%4", b"%zz", b"%%41", b"%\n", b"%41\r\n", b"a\nb", b"%ff", b"\xff", b"%=1"])
def test_what_no_browser_writes_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadRequest):
        read(FormParser, b"a=" + wrong + b"&padding=" + PADDING.encode())


def test_fields_are_few() -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(FormParser, b"a&" * MOST_FIELDS)
    assert len(read(FormParser, b"&".join([b"a=1"] * MOST_FIELDS))) == MOST_FIELDS


def test_escapes_are_bounded() -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(FormParser, b"a=" + b"%41" * (MOST_ESCAPES + 1))


def test_another_media_type_is_no_form() -> None:
    assert read(FormParser, b"a=1", "multipart/form-data") == []


def test_a_form_of_escapes_costs_a_tenth_of_what_it_did() -> None:
    body = b"a=" + b"%41" * 300_000

    def cpu(parser: type[FormDataParser]) -> float:
        started = time.thread_time()
        read(parser, body)
        return time.thread_time() - started

    assert cpu(FormParser) * 10 < cpu(FormDataParser)
