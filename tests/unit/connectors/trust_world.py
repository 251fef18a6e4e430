"""A network, a store, notices and a clock around the trust in one identity provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

from broker.connectors.connector import Documents, Surroundings
from broker.connectors.saml.trust import LIMIT, Trust
from broker.errors import UpstreamUnavailable
from broker.model import AuditEvent, MetadataSource, SamlSettings
from broker.outbound import Outbound, Response, Sink
from broker.xml.metadata import SigningCertificate
from tests.attacks.saml.harness import ISSUER, NOW, idp_of, surroundings
from tests.idps.saml_signer import Entity, Signer, signer

URL = "https://adfs.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml"
OLD, NEW = signer("idp"), signer("next")


def fingerprint(key: Signer) -> str:
    return SigningCertificate(key.certificate, 0).fingerprint


def entity(*keys: Signer, name: str = ISSUER, host: str = "idp.contoso.com", attributes: str = "") -> bytes:
    signing = [("signing", key) for key in keys]
    return Entity(name, signing, sso=f"https://{host}/sso", entity_attributes=attributes).document()


@dataclass
class World:
    """The network, the store, the operators' notices and the clock; `trust()` is one worker each."""

    body: bytes | None
    now: float = NOW
    fetches: int = 0
    stored: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    events: list[AuditEvent] = field(default_factory=list)

    def stream(self, url: str, sink: Sink, *, limit: int, seconds: float | None = None) -> Response:
        assert (url, limit) == (URL, LIMIT)
        self.fetches += 1
        if self.body is None:
            raise UpstreamUnavailable("timeout")
        sink(self.body)
        return Response(200, {}, b"")

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        return self.stored.get(kind)

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        self.stored[kind] = (body, fetched_at)

    def once(self, tenant: str, key: str, until: int) -> bool:
        new = key not in self.said
        self.said.add(key)
        return new

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)

    def trust(self, *pin: str, entity_id: str | None = None) -> Trust:
        source = MetadataSource(url=URL, pin=pin)
        return Trust(idp_of(SamlSettings(source)), source, entity_id, self.around())

    def around(self) -> Surroundings:
        return replace(
            surroundings(),
            outbound=cast("Outbound", self),
            documents=cast("Documents", self),
            clock=lambda: self.now,
            notices=self,
        )

    def heard(self) -> list[str]:
        return [event.event for event in self.events]


def keys_of(trust: Trust) -> list[str]:
    return [one.fingerprint for one in trust.current().certificates]
