"""How a program comes in: its form read once and its client proven, the same way at every endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Request

from broker.clients import Authentication, Presented
from broker.model import Client, Configuration
from broker.oauth2.parameters import Parameters
from broker.web.cors import asked_by
from broker.web.parameters import posted, queried


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven client and what it posted. cnf: the key that it proved to hold, for tokens bound to it (RFC 7800)."""

    client: Client
    form: Parameters
    configuration: Configuration  # the live revision, for all that this request decides
    cnf: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientDoor:
    live: Callable[[], Configuration]
    authenticate: Authentication

    def caller(self, request: Request) -> Caller:
        """Raises InvalidRequest("content_type") and what `Authentication` raises."""
        configuration = self.live()
        form = posted(request)
        presented = Presented(request.headers.get("Authorization"), form, queried(request))
        client = self.authenticate(configuration.clients, presented)
        asked_by(client)
        return Caller(client, form, configuration)
