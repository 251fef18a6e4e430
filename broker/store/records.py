"""What the store keeps that nobody else has a word for. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model import NO_TERMS, AuditEvent, Consent, Session, Terms


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed one client: all tokens from one code. Ends with its session unless `offline`.

    session: a snapshot, kept sealed, so that an offline grant outlives the session.
    code: given to `open_grant` only, which keeps its hash, so that a replayed code finds its grant (RFC 6749 §4.1.2).
    """

    id: str
    tenant: str
    client_id: str
    sid: str
    sub: str
    scope: tuple[str, ...]
    offline: bool
    session: Session = field(repr=False)
    created_at: int
    expires_at: int
    nonce: str | None = None
    terms: Terms = NO_TERMS
    revoked_at: int | None = None
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ImpersonationAsked:
    """An operator wants to act for `subject`. approver: who else said yes; None: nobody yet."""

    client_id: str
    operator: str
    subject: str
    why: str = field(repr=False)
    reference: str
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshUse:
    """state: fresh | used (it was redeemed before: reuse) | expired."""

    grant_id: str
    expires_at: int
    state: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key pair. state: next | active | retired. private: as its maker encoded it; public: JWK JSON or PEM.

    A `kid` is never reused: when a key has expired its private half is destroyed and the row stays.
    """

    kid: str
    purpose: str
    alg: str
    state: str
    private: bytes = field(repr=False)
    public: str
    created_at: int
    published_at: int
    activated_at: int | None = None
    retired_at: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One applied configuration: the folder's files as they were. Numbers count from 1; the highest is live."""

    number: int
    at: int
    by: str
    summary: str
    digest: str
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An audit event as it was recorded; numbers only grow."""

    number: int
    at: int
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """One name that one IdP has for a person of ours."""

    upstream: str
    subject: str = field(repr=False)
    sub: str


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """What somebody lets a client do."""

    client_id: str
    consent: Consent
    given_at: int


@dataclass(frozen=True, slots=True)
class UpstreamHeld:
    """When an IdP last said that a session's person is welcome, and what to ask it with (None: it gave nothing)."""

    checked_at: int
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceWaiting:
    """A device that nobody has answered yet, and what it asked for."""

    client_id: str
    asked: str


@dataclass(frozen=True, slots=True)
class DevicePoll:
    """state: pending | approved | denied."""

    state: str
    too_soon: bool
    expired: bool


@dataclass(frozen=True, slots=True)
class DeviceAnswer:
    """Of an approved device: the person's tenant, and what its tokens are made of."""

    tenant: str
    answer: str = field(repr=False)
