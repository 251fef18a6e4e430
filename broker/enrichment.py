"""A tenant's own service has a word at sign-in: what more is true of somebody, or that they stay out.

Asked after the identity provider's answer is proven and before any rule runs, outside every transaction of ours. The
question is a JWT that we sign (`typ: enrichment+jwt`, `aud`: the URL), posted as `application/jwt`; its claims hold
`version` (1), `tenant`, `idp`, `sub`, `client_id`, `reference` and `incoming`, as rules would read it. The answer is
JSON, one of two:

    {"result": "continue", "claims": {"department": "Sales"}}
    {"result": "refuse", "message": "Ask your manager for access."}

What it says is sealed with the identity, and stays so until the next sign-in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broker import claims, jose, persons, telemetry
from broker.connectors.breaker import Breaker
from broker.errors import AccessDenied, EnrichmentUnavailable, UpstreamUnavailable
from broker.model import AuditEvent, Hook, Identity, Value
from broker.outbound import Outbound, Response
from broker.policy import Admitted
from broker.store import Store
from broker.tokens.issuer import Signers

TYPE = "enrichment+jwt"
VERSION = 1
LIVES = 60  # seconds
LARGEST = 65_536  # bytes of an answer
LARGEST_NUMBER = 2**53  # RFC 8259 §6: beyond it readers of JSON disagree
UNAVAILABLE = (
    "Your organisation's own service, which is asked at every sign-in, gave no good answer. Try again in a moment; "
    "if it stays like this, tell your administrator."
)

Said = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """message: for the person to read."""

    message: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of whom, and on whose behalf."""

    admitted: Admitted
    identity: Identity
    sub: str
    reference: str

    def event(self, event: str, reason: str | None, detail: Mapping[str, str]) -> AuditEvent:
        return AuditEvent(
            event,
            "success" if reason is None else "failure",
            self.reference,
            tenant=self.admitted.home_tenant.id,
            client_id=self.admitted.client.client_id,
            idp=self.admitted.idp.id,
            reason=reason,
            sub=self.sub,
            detail=detail,
        )


class Enrichment:
    """`issuer` is our origin, `algorithm` that of its signatures."""

    def __init__(
        self,
        issuer: str,
        store: Store,
        keys: Signers,
        *,
        algorithm: str,
        outbound: Outbound,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._keys = keys
        self._algorithm = algorithm
        self._outbound = outbound
        self._clock = clock
        self._ways: dict[str, tuple[str, Outbound]] = {}  # tenant -> its hook's URL, and the breaker before it

    def __call__(self, admitted: Admitted, identity: Identity, reference: str) -> Identity:
        """The identity with what the home tenant's hook says; as it is where there is none.

        Raises AccessDenied: enrichment_refused. EnrichmentUnavailable: enrichment_failed.
        """
        hook = admitted.home_tenant.hook
        if hook is None:
            return identity
        asked = _Asked(admitted, identity, self._sub(admitted, identity), reference)
        try:
            said = said_by(hook, self._answer(hook, asked))
        except UpstreamUnavailable as failed:
            return self._without(hook, asked, failed)
        if isinstance(said, Refused):
            raise AccessDenied("enrichment_refused", said.message)
        self._record(asked.event("enrichment.completed", None, {"names": " ".join(sorted(said))}))
        return replace(identity, told=said)

    def _sub(self, admitted: Admitted, identity: Identity) -> str:
        """Whoever the hook hears of has their `sub` from then on."""
        with self._store.transaction() as transaction:
            home = transaction.of(admitted.home_tenant.id)
            return persons.sub_of(home, admitted, identity, int(self._clock()))

    def _answer(self, hook: Hook, asked: _Asked) -> Response:
        question = self._question(hook, asked).encode("ascii")
        way = self._way(asked.admitted.home_tenant.id, hook.url)
        return way.post(hook.url, question, media_type="application/jwt", limit=LARGEST, seconds=hook.seconds)

    def _question(self, hook: Hook, asked: _Asked) -> str:
        now, idp = int(self._clock()), asked.admitted.idp
        members = {
            "iss": self._issuer,
            "aud": hook.url,
            "iat": now,
            "exp": now + LIVES,
            "jti": secrets.token_urlsafe(16),
            "version": VERSION,
            "tenant": asked.admitted.home_tenant.id,
            "idp": idp.id,
            "sub": asked.sub,
            "client_id": asked.admitted.client.client_id,
            "reference": asked.reference,
            "incoming": claims.incoming_of(idp, asked.identity.attributes),
        }
        return jose.sign(members, self._keys.signing(self._algorithm), TYPE)

    def _way(self, tenant: str, url: str) -> Outbound:
        """A tenant whose hook is dead harms nobody else, and a new URL begins anew."""
        known = self._ways.get(tenant)
        if known is None or known[0] != url:
            known = self._ways[tenant] = url, self._outbound.behind(Breaker(self._clock))
        return known[1]

    def _without(self, hook: Hook, asked: _Asked, failed: UpstreamUnavailable) -> Identity:
        if hook.required:
            raise EnrichmentUnavailable("enrichment_failed", UNAVAILABLE, detail=failed.reason) from failed
        self._record(asked.event("enrichment.failed", failed.reason, {"on_failure": "open"}))
        return asked.identity

    def _record(self, event: AuditEvent) -> None:
        with self._store.transaction() as transaction:
            transaction.record(event)


def said_by(hook: Hook, answer: Response) -> Said | Refused:
    """Raises UpstreamUnavailable: answer_type, json, answer_members, answer_message, answer_names, answer_value."""
    if answer.media_type != "application/json":
        raise UpstreamUnavailable("answer_type")
    members = answer.json()
    match members:
        case {"result": "refuse", "message": str(message), **more} if not more:
            return Refused(_message(message))
        case {"result": "continue", "claims": dict(given), **more} if not more:
            return _claims(hook, given)
        case _:
            raise UpstreamUnavailable("answer_members")


def _message(text: str) -> str:
    if not _is_readable(text):
        raise UpstreamUnavailable("answer_message")
    return text


def _claims(hook: Hook, given: Mapping[str, object]) -> Said:
    if not given.keys() <= hook.claims.keys():
        raise UpstreamUnavailable("answer_names")
    return {name: _values(hook.claims[name], value) for name, value in given.items()}


def _values(kind: str, value: object) -> tuple[Value, ...]:
    """Of the type that the tenant says, and nothing that only looks like it."""
    match kind, value:
        case "text", str(text) if _is_readable(text):
            return (text,)
        case "list", list(several) if all(isinstance(one, str) and _is_readable(one) for one in several):
            return tuple(several)
        case "bool", bool(flag):
            return (flag,)
        case "number", int(number) | float(number) if not isinstance(value, bool) and abs(number) <= LARGEST_NUMBER:
            return (number,)
        case _:
            raise UpstreamUnavailable("answer_value")


def _is_readable(text: str) -> bool:
    """One line that can be shown, of at most `telemetry.LONGEST` characters."""
    return bool(text.strip()) and telemetry.clean(text) == text
