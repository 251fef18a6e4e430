"""What every grant receives, and what it answers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from broker.model import (
    Authorization,
    AuthRequest,
    Client,
    Configuration,
    Entitlement,
    Identity,
    Lifetimes,
    Session,
)
from broker.policy import Admitted
from broker.store import Transaction
from broker.tokens.access import OwnTokens


class People(Protocol):
    """What `sessions` knows of a person: what may be said now, and whether the session still lives."""

    def entitle(self, configuration: Configuration, session: Session, client: Client) -> Entitlement: ...
    def open(
        self, transaction: Transaction, admitted: Admitted, request: AuthRequest, identity: Identity, browser: str
    ) -> Session: ...
    def alive(self, configuration: Configuration, session: Session) -> bool: ...


@dataclass(frozen=True, slots=True)
class Introduced:
    """Whom an identity provider's token speaks of, before policy and rules were asked.

    browser: what stands in a browser's place; the same for the same token, and known to nobody else.
    """

    grant_type: str
    admitted: Admitted
    identity: Identity
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A POST to /token whose client is proven. Everything changes in `transaction`, which the endpoint commits.

    What a refusal changes is kept as well: a code in wrong hands stays burned, a replayed family stays revoked.
    """

    form: Mapping[str, str]  # each parameter once; without the empty ones
    resources: tuple[str, ...]  # RFC 8707 §2, RFC 8693 §2.1: these two may be repeated
    audiences: tuple[str, ...]
    cnf: Mapping[str, str]  # the key that the client proved to hold; empty: none
    client: Client
    configuration: Configuration  # the live revision
    transaction: Transaction
    people: People
    lifetimes: Lifetimes
    issuer: str
    tokens: OwnTokens
    now: int  # epoch seconds
    introduced: Introduced | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """`event`, `reference` and `detail` are the audit event's; the reference is the sign-in's where it is known."""

    authorization: Authorization
    event: str
    reference: str | None = None
    issued_token_type: str | None = None  # RFC 8693 §2.2.1
    detail: Mapping[str, str] = field(default_factory=dict)


def new_handle() -> str:
    """An opaque code, token or grant id: 256 bits."""
    return secrets.token_urlsafe(32)
