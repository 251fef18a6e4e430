"""Log lines: one a record, whatever a stranger sent, joined to the audit events by the reference."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from broker import telemetry
from broker.errors import AssertionRejected, StoreError, UpstreamUnavailable

HOSTILE = "a\r\nb\x1b[31m\u2028c\u202ed\ud800" + "x" * 10_000


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger("broker")
    before = (root.handlers, root.level, root.propagate)
    yield
    root.handlers, root.level, root.propagate = before


def lines(*, as_json: bool, act: object = None) -> list[str]:
    stream = io.StringIO()
    telemetry.configure(as_json, stream)
    assert callable(act)
    act()
    return stream.getvalue().splitlines()


def refuse() -> None:
    error = AssertionRejected("audience", detail="expected another audience")
    telemetry.report(error.about(event="saml.rejected", reference="abcd-2345", tenant="contoso", idp="adfs"))


def test_a_refusal_is_one_json_line_with_its_reference() -> None:
    (line,) = lines(as_json=True, act=refuse)
    members = json.loads(line)
    del members["time"]
    assert members == {
        "level": "info",
        "logger": "broker.refused",
        "message": "access_denied",
        "event": "saml.rejected",
        "reference": "abcd-2345",
        "tenant": "contoso",
        "idp": "adfs",
        "reason": "audience",
        "detail": "expected another audience",
    }


def test_a_refusal_is_one_text_line_with_its_reference() -> None:
    (line,) = lines(as_json=False, act=refuse)
    assert " info broker.refused: access_denied event='saml.rejected' reference='abcd-2345'" in line


def test_our_own_failure_is_an_error_with_its_trace() -> None:
    (line,) = lines(as_json=True, act=lambda: telemetry.report(StoreError("unreachable")))
    members = json.loads(line)
    assert (members["level"], members["reason"]) == ("error", "unreachable")
    assert "StoreError: unreachable" in members["trace"]


def test_an_identity_provider_that_is_away_is_one_line_without_a_trace() -> None:
    (line,) = lines(as_json=False, act=lambda: telemetry.report(UpstreamUnavailable("timeout")))
    assert " warning broker.refused: temporarily_unavailable reason='timeout'" in line


@pytest.mark.parametrize("as_json", [True, False])
def test_a_stranger_can_neither_forge_nor_flood_the_log(as_json: bool) -> None:
    """WB-28: one line, escaped, cut."""
    log = telemetry.logger("web")
    (line,) = lines(as_json=as_json, act=lambda: log.info("came: %s", HOSTILE, extra={"client_id": HOSTILE}))
    assert line.isprintable()
    assert len(line) < 3000


def test_no_text_inside_a_trace_looks_like_a_line_of_its_own() -> None:
    found = lines(as_json=False, act=lambda: telemetry.report(StoreError("x", detail="\n2026-01-01 info broker: fine")))
    assert len(found) > 1
    assert all(line.startswith("    ") for line in found[1:])


def test_a_body_given_by_mistake_is_not_written() -> None:
    (line,) = lines(as_json=True, act=lambda: telemetry.logger("web").info("came", extra={"body": "SAMLResponse"}))
    assert "SAMLResponse" not in line


def test_configuring_twice_writes_once() -> None:
    telemetry.configure(json=True, stream=io.StringIO())
    assert len(lines(as_json=True, act=refuse)) == 1
