"""`broker doctor` and the hosts that pairwise subjects are for (OpenID Connect Registration §5)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from broker.cli.doctor_clients import client_reports
from broker.errors import UpstreamUnavailable
from broker.outbound import Response
from tests.flows.broker_process import Installation
from tests.unit.grants.house import CALLBACK, WEB

URI = "https://sector.example/uris.json"
OTHER = "https://other.example/callback"
PAIRED = replace(WEB, redirect_uris=(CALLBACK, OTHER), sector="sector.example", sector_identifier_uri=URI)


class Sector:
    def __init__(self, body: bytes | None) -> None:
        self.body = body

    def get(self, url: str, *, accept: str, limit: int) -> Response:
        assert (url, accept) == (URI, "application/json")
        if self.body is None:
            raise UpstreamUnavailable("connect")
        return Response(200, {}, self.body[:limit])


@pytest.mark.parametrize(
    ("body", "good", "text"),
    [
        (json.dumps([OTHER, CALLBACK]).encode(), True, "sector.example lists every redirect URI"),
        (json.dumps([CALLBACK]).encode(), False, f"{URI} does not list {OTHER}"),
        (b'{"redirect_uris": []}', False, f"{URI} is not a JSON list of redirect URIs"),
        (b"<html>", False, f"{URI} is not JSON"),
        (None, False, f"{URI} does not answer: connect"),
    ],
)
def test_a_sector_lists_the_redirect_uris_of_its_clients(body: bytes | None, good: bool, text: str) -> None:
    (report,) = client_reports([WEB, PAIRED], Sector(body))
    assert (report.client_id, report.good) == ("web", good)
    assert [(finding.check, finding.good, finding.text) for finding in report.findings] == [("sector", good, text)]


def test_the_verb_says_so_too(tmp_path: Path) -> None:
    made = Installation(tmp_path / "broker")
    uri = "http://127.0.0.1:9/sector.json"
    made.client("paired", "http://127.0.0.1:1/back", subject_type="pairwise", sector_identifier_uri=uri)
    done = made.command("doctor", "--config", str(made.folder), "--json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)["clients"]
    assert (report["client_id"], report["good"]) == ("paired", False)
    assert "does not answer: connect" in report["findings"][0]["text"]
