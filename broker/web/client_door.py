"""How a program comes in: its form read once and its client proven, the same way at every endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Request

from broker.audit import new_reference
from broker.clients import Authentication, Presented, Proven
from broker.errors import OAuthError
from broker.model import AuditEvent, Client, Configuration, Workload
from broker.oauth2.parameters import Parameters
from broker.web.cors import asked_by
from broker.web.parameters import posted, queried
from broker.web.senders import Binding, Senders

BINDINGS = {
    "/token": Binding.REQUIRED,
    "/par": Binding.SHOWN,
    "/device_authorization": Binding.SHOWN,
}  # elsewhere nothing is bound to the sender's key


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven client and what it posted. cnf: the key that it proved to hold, for tokens bound to it (RFC 7800).

    workload: the identity whose token proved it, where it has no secret of its own.
    """

    client: Client
    form: Parameters
    configuration: Configuration  # the live revision, for all that this request decides
    cnf: Mapping[str, str] = field(default_factory=dict)
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class ClientDoor:
    live: Callable[[], Configuration]
    authenticate: Authentication
    senders: Senders
    record: Callable[[AuditEvent], None]

    def caller(self, request: Request) -> Caller:
        """Raises InvalidRequest("content_type") and what `Authentication` and `Senders` raise."""
        configuration = self.live()
        form, certificate = posted(request), self.senders.certificate(request)
        presented = Presented(request.headers.get("Authorization"), form, queried(request), certificate)
        proven = self.authenticate(configuration.clients, presented)
        client = proven.client
        asked_by(client)
        self._note(proven)
        try:
            cnf = self.senders.bound(request, client, certificate, BINDINGS.get(request.path, Binding.NONE))
        except OAuthError as refused:
            raise refused.about(client_id=client.client_id) from refused.__cause__
        return Caller(client, form, configuration, cnf, proven.workload)

    def _note(self, proven: Proven) -> None:
        """Every use of a workload identity leaves its trace; secrets and keys show in what they bring."""
        if proven.workload is not None:
            used = {"issuer": proven.workload.issuer, "identity": proven.workload.name}
            event = AuditEvent(
                "client.authenticated",
                "success",
                new_reference(),
                client_id=proven.client.client_id,
                tenant=proven.workload.tenant,
                detail=used,
            )
            self.record(event)
