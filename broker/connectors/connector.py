"""The seam every upstream protocol fills. Nobody outside this package asks which protocol it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from broker import jose
from broker.errors import StoreError
from broker.model import AuditEvent, AuthRequest, Begun, Callback, Identity, IdentityProvider
from broker.outbound import Outbound


@dataclass(frozen=True, slots=True)
class SpKey:
    """A key pair of ours as a SAML service provider, PEM."""

    private_key: str = field(repr=False)
    certificate: str


@dataclass(frozen=True, slots=True)
class SpKeys:
    """Our key pairs towards one IdP: what signs, what takes over at the next rotation, what still decrypts."""

    active: SpKey
    next: SpKey | None = None
    retired: tuple[SpKey, ...] = ()

    @property
    def published(self) -> tuple[str, ...]:
        """Certificates for our metadata, the one to use now first."""
        return tuple(key.certificate for key in (self.active, self.next) if key is not None)

    @property
    def decrypting(self) -> tuple[str, ...]:
        """Private keys, the likeliest first."""
        return tuple(key.private_key for key in (self.active, self.next, *self.retired) if key is not None)


@dataclass(frozen=True, slots=True)
class RpKey:
    """What proves us at one IdP's token endpoint: an RSA key, and its certificate's thumbprints (base64url)."""

    signing: jose.SigningKey
    x5t: str
    x5t_s256: str


def no_rp_key(tenant: str, idp: str) -> RpKey:
    """Where nothing keeps such keys."""
    raise StoreError("no_key", detail=f"no key for {tenant}/{idp}")


class Documents(Protocol):
    """Last-known-good copies of an IdP's metadata, discovery and JWKS documents, in the store."""

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        """The document and when it was fetched (epoch seconds)."""

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None: ...


class Notices(Protocol):
    """What an operator should hear of, said once by all workers together."""

    def once(self, tenant: str, key: str, until: int) -> bool:
        """Whether nobody has asked before; remembered until then (epoch seconds)."""

    def record(self, event: AuditEvent) -> None:
        """An audit event; its reference is made where it is recorded."""


class Unheard:
    """Where nobody listens."""

    def once(self, tenant: str, key: str, until: int) -> bool:  # noqa: ARG002  the seam's signature
        return True

    def record(self, event: AuditEvent) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What `app` hands every connector."""

    issuer: str  # ours: an origin
    loopback: bool  # http and loopback are acceptable (our issuer is http on loopback)
    outbound: Outbound
    documents: Documents
    clock: Callable[[], float]
    sp_keys: Callable[[IdentityProvider], SpKeys]  # the deployment's, or the IdP's own where it has `own_key`
    rp_key: Callable[[str, str], RpKey] = no_rp_key  # of (tenant, IdP)
    notices: Notices = field(default_factory=Unheard)


@runtime_checkable
class Renewing(Protocol):
    """A connector that keeps something fresh behind the scenes."""

    def renew(self) -> float:
        """Look for newer keys where it is time; answers when it is time again (epoch seconds). Raises
        UpstreamUnavailable."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an examination. check: what was looked at, in snake_case. good: nothing to do."""

    check: str
    good: bool
    text: str


@runtime_checkable
class Examined(Protocol):
    """A connector that can be looked over. Asks the IdP now, and changes nothing."""

    def examine(self) -> Iterator[Finding]: ...


@runtime_checkable
class Approving(Protocol):
    """A connector that holds changes back."""

    def approve(self, digest: str) -> tuple[str, ...]:
        """Trust what an operator was shown under this digest; names what was approved, nothing where it waits not."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What an upstream says is over: its session `sid`, or every one of its `sub`; both: that session of that person.

    replay_key: the message is accepted once, remembered until `replay_until` (epoch seconds).
    """

    upstream: str
    sid: str | None
    sub: str | None
    replay_key: str
    replay_until: int


@runtime_checkable
class Tells(Protocol):
    """A connector whose upstream tells us of ended sessions by a message of its own."""

    def logged_out(self, message: str) -> LoggedOut:
        """Verify the message. Raises TokenRejected with the failed check's reason, UpstreamUnavailable."""


@runtime_checkable
class Vouches(Protocol):
    """A connector whose upstream can be asked whether a session's person is still welcome."""

    def vouch(self, identity: Identity, refresh_token: str, keep: Callable[[str], None]) -> None:
        """Raises AssertionRejected (no longer), UpstreamUnavailable (nobody knows).

        keep: hears of a refresh token to use from now on, before anything else of the answer is looked at.
        """


@runtime_checkable
class SignsOut(Protocol):
    """A connector that can end a session at its upstream, by way of the browser."""

    def sign_out(self, known: Mapping[str, str], name: str) -> Begun | None:
        """Begin; the browser comes back with `name`. None: this upstream has no such thing.

        known: `Identity.logout`. Raises UpstreamUnavailable.
        """


@runtime_checkable
class Introduces(Protocol):
    """A connector whose upstream makes tokens about people that others may bring."""

    def introduce(self, token: str) -> Identity:
        """Whom the token speaks of; `session_ends` is its end. Raises AssertionRejected, UpstreamUnavailable."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a sign-in that the upstream began leads: an application, and perhaps where in it.

    ignored: it asked for something else, which nobody has allowed.
    """

    client_id: str
    link: str | None
    ignored: bool = False


@runtime_checkable
class Begins(Protocol):
    """A connector whose upstream may begin a sign-in by itself, from a portal of its own."""

    def target(self, callback: Callback) -> Target | None:
        """None: the answer claims to belong to a request, or nobody may begin here. Raises AssertionRejected."""

    def unsolicited(self, callback: Callback, callback_url: str) -> Identity:
        """Verify an answer that nobody asked for. Raises like `finish`."""


class Connector(Protocol):
    """Built as `Connector(idp, surroundings)`; no network before it is used. Thread-safe.

    event: what its audit events begin with (`saml`, `oidc_rp`: `saml.rejected`). path: the callback's last
    segment. correlation: this protocol's reason for each way an answer fails to belong to a request of this browser
    (`missing`, `unknown`, `tenant`, `expired`, `consumed`, `browser`).
    """

    event: str
    path: str
    correlation: Mapping[str, str]

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        """Start a sign-in. Raises UpstreamUnavailable."""

    def correlate(self, callback: Callback) -> str | None:
        """The AuthRequest id the answer claims to belong to; None: unsolicited. Raises AssertionRejected."""

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        """Verify the answer. Raises AssertionRejected with the failed check's reason, UpstreamUnavailable."""

    def metadata(self, callback_url: str) -> tuple[str, bytes] | None:
        """What the IdP's admin loads about us: media type and document; None where the protocol has none."""
