"""What `broker doctor` looks at for clients: that a sector says of itself who belongs to it (OIDC Core §8.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from broker.connectors import Finding
from broker.errors import UpstreamUnavailable
from broker.model import Client, strict_json
from broker.outbound import Response

LARGEST = 65_536  # bytes of a list of redirect URIs


class Fetching(Protocol):
    def get(self, url: str, *, accept: str, limit: int) -> Response: ...


@dataclass(frozen=True, slots=True)
class ClientReport:
    client_id: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        return f"client {self.client_id}"

    @property
    def good(self) -> bool:
        return all(finding.good for finding in self.findings)


def client_reports(clients: Iterable[Client], outbound: Fetching) -> list[ClientReport]:
    """Of the clients that there is something to look at for, by client_id."""
    looked = [one for one in clients if one.sector_identifier_uri is not None]
    found = [ClientReport(one.client_id, (_sector(one, outbound),)) for one in looked]
    return sorted(found, key=lambda report: report.client_id)


def _sector(client: Client, outbound: Fetching) -> Finding:
    """OpenID Connect Registration §5: every redirect URI stands in the list."""
    uri = client.sector_identifier_uri or ""
    try:
        listed = strict_json.parse(outbound.get(uri, accept="application/json", limit=LARGEST).body)
    except UpstreamUnavailable as error:
        return Finding("sector", False, f"{uri} does not answer: {error.reason}")
    except ValueError:
        return Finding("sector", False, f"{uri} is not JSON")
    if not isinstance(listed, list):
        return Finding("sector", False, f"{uri} is not a JSON list of redirect URIs")
    missing = [one for one in client.redirect_uris if one not in listed]
    if missing:
        return Finding("sector", False, f"{uri} does not list {', '.join(missing)}")
    return Finding("sector", True, f"{client.sector} lists every redirect URI")
