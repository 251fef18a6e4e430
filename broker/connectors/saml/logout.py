"""Single logout with one IdP (SAML Profiles §4.4): what we ask it, what it asks us, and the answers to both.

Everything that arrives must be signed, by redirect over the query or by form in the message, and pass `CHECKS`: one
function a check, one reason a check. Raises AssertionRejected, UpstreamUnavailable.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from broker.connectors.connector import Surroundings
from broker.connectors.saml.status import names_of
from broker.connectors.saml.trust import Trust
from broker.errors import AssertionRejected
from broker.model import Begun, Callback, IdentityProvider, PostForm, Redirect
from broker.xml import bindings, logout
from broker.xml.logout import Keys, LogoutRequest, LogoutResponse, Message, Outgoing, Written
from broker.xml.metadata import Endpoint, IdpMetadata
from broker.xml.names import ENTITY, REDIRECT
from broker.xml.response import NameId, instant

OLDEST = 600  # seconds since IssueInstant
LIFE = 300  # seconds that our own request is good for
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
KINDS = ("SAMLRequest", "SAMLResponse")


@dataclass(frozen=True, slots=True)
class Asked:
    """A LogoutRequest of the IdP that passed every check. person: what `upstream_sub` is for its NameID.

    replay_key, replay_until: it is acted upon once. relay_state: the IdP's own, to be given back to it alone.
    """

    request_id: str
    upstream: str
    person: str
    session_indexes: tuple[str, ...]
    relay_state: str | None
    replay_key: str
    replay_until: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A LogoutResponse of the IdP that passed every check; `failure`: its status codes, if it did not sign out."""

    in_response_to: str | None
    relay_state: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    issuers: tuple[str, ...]
    destination: str
    now: float
    skew: int


class SingleLogout:
    """`url`: where we take its messages; `entity_id`: ours."""

    def __init__(
        self, idp: IdentityProvider, trust: Trust, surroundings: Surroundings, *, entity_id: str, url: str
    ) -> None:
        self._idp = idp
        self._trust = trust
        self._surroundings = surroundings
        self._entity_id = entity_id
        self._url = url

    def ask(self, known: Mapping[str, str], relay_state: str) -> Begun | None:
        """Sign somebody out there. known: `Identity.logout`. None: it has no single logout, or gave no NameID."""
        endpoint = next(iter(self._trust.current().slo), None)
        if endpoint is None or "name_id" not in known:
            return None
        now = self._surroundings.clock()
        about = self._outgoing(endpoint.location)
        name_id = NameId(known["name_id"], *(known.get(name) for name in QUALIFIERS))
        written = logout.request(about, name_id, known.get("sid"), now + LIFE)
        return Begun(self._carried(written, endpoint, relay_state), {"request_id": about.id})

    def hear(self, callback: Callback) -> Asked | Answered:
        """What the IdP sent to our logout address, by either binding."""
        if callback.method == "GET":
            query = bindings.read_query(callback.raw_query)
            relay_state = query.relay_state
            message, idp = self._trusted(lambda keys: logout.from_query(query, keys))
        else:
            kind, field, relay_state = _form(callback)
            message, idp = self._trusted(lambda keys: logout.from_form(kind, field, keys))
        expected = Expected(self._issuers(idp), self._url, self._surroundings.clock(), self._idp.skew_seconds)
        for check in CHECKS:
            check(message.message, expected)
        if isinstance(message, LogoutRequest):
            return self._asked(message, idp, relay_state, expected)
        failure = None if logout.succeeded(message) else " ".join(names_of(message.status)) or "unknown status"
        return Answered(message.in_response_to, relay_state, failure)

    def answer(self, asked: Asked, codes: Sequence[str]) -> Redirect | PostForm | None:
        """Tell it what came of its request: status code names. None: it takes no answers."""
        endpoint = next(iter(self._trust.current().slo), None)
        if endpoint is None:
            return None
        written = logout.response(self._outgoing(endpoint.answers), asked.request_id, codes)
        return self._carried(written, endpoint, asked.relay_state)

    def _asked(self, request: LogoutRequest, idp: IdpMetadata, relay_state: str | None, expected: Expected) -> Asked:
        until = check_not_expired(request, expected)
        return Asked(
            request_id=request.message.id,
            upstream=idp.entity_id,
            person=person_name(request.name_id, idp.entity_id, self._entity_id),
            session_indexes=request.session_indexes,
            relay_state=relay_state,
            replay_key=f"logout {idp.entity_id} {request.message.id}",
            replay_until=until,
        )

    def _trusted(
        self, read: Callable[[Keys], LogoutRequest | LogoutResponse]
    ) -> tuple[LogoutRequest | LogoutResponse, IdpMetadata]:
        """With today's keys; where none fits, once more with refreshed ones."""
        idp = self._trust.current()
        try:
            return read(self._keys(idp)), idp
        except AssertionRejected as refusal:
            fresh = self._trust.refresh(idp) if refusal.reason == "signature_invalid" else None
            if fresh is None:
                raise
        return read(self._keys(fresh)), fresh

    def _keys(self, idp: IdpMetadata) -> Keys:
        ours = self._surroundings.sp_keys(self._idp).decrypting
        allow_cbc = self._idp.saml is not None and self._idp.saml.allow_cbc
        return Keys([certificate.pem for certificate in idp.certificates], ours, allow_cbc)

    def _issuers(self, idp: IdpMetadata) -> tuple[str, ...]:
        """Its entityID, and what this vendor calls itself when it speaks of logout."""
        spellings = self._idp.profile.logout_issuers.items()
        others = (f"{to}{idp.entity_id[len(start) :]}" for start, to in spellings if idp.entity_id.startswith(start))
        return (idp.entity_id, *others)

    def _outgoing(self, destination: str) -> Outgoing:
        return Outgoing(f"_{secrets.token_hex(20)}", self._entity_id, destination, self._surroundings.clock())

    def _carried(self, written: Written, endpoint: Endpoint, relay_state: str | None) -> Redirect | PostForm:
        """Always signed: AD FS takes nothing else."""
        key = self._surroundings.sp_keys(self._idp).active
        signing = (key.private_key, key.certificate)
        if endpoint.binding == REDIRECT:
            return Redirect(written.url(relay_state, signing))
        return PostForm(written.destination, written.fields(relay_state, signing))


QUALIFIERS = ("name_id_format", "name_qualifier", "sp_name_qualifier")


def person_name(name_id: NameId, issuer: str, service: str) -> str:
    """One text for one NameID: value, format and both qualifiers count; left out, each has its meaning (Core §8.3)."""
    parts = [name_id.value, name_id.format or UNSPECIFIED]
    return json.dumps([*parts, name_id.name_qualifier or issuer, name_id.sp_name_qualifier or service])


def check_version(message: Message, _: Expected) -> None:
    if message.version != "2.0":
        raise AssertionRejected("version")


def check_issuer(message: Message, expected: Expected) -> None:
    issuer = message.issuer
    if issuer is None or issuer.format not in (None, ENTITY) or issuer.qualified:
        raise AssertionRejected("issuer", detail="no Issuer, or not an entity")
    if issuer.value not in expected.issuers:
        raise AssertionRejected("issuer", detail="not the configured identity provider's entityID")


def check_destination(message: Message, expected: Expected) -> None:
    if not message.destination:
        raise AssertionRejected("destination_missing")
    if message.destination != expected.destination:
        raise AssertionRejected("destination", detail="addressed to another endpoint")


def check_issue_instant(message: Message, expected: Expected) -> None:
    issued = instant(message.issue_instant, "issue_instant")
    if not expected.now - OLDEST - expected.skew <= issued <= expected.now + expected.skew:
        raise AssertionRejected("issue_instant", detail="too far from our clock")


CHECKS: tuple[Callable[[Message, Expected], None], ...] = (
    check_version,
    check_issuer,
    check_destination,
    check_issue_instant,
)


def check_not_expired(request: LogoutRequest, expected: Expected) -> int:
    """Answers until when a replay could pass the checks, epoch seconds; IssueInstant bounds it in any case."""
    latest = instant(request.message.issue_instant, "issue_instant") + OLDEST
    if request.not_on_or_after is not None:
        ends = instant(request.not_on_or_after, "expired")
        if ends + expected.skew <= expected.now:
            raise AssertionRejected("expired", detail=f"{expected.now - ends:.0f} s ago")
        latest = min(latest, ends)
    return int(latest) + expected.skew + 1


def _form(callback: Callback) -> tuple[str, str, str | None]:
    """The one message of a form, and its RelayState."""
    fields = [(kind, field) for kind in KINDS for field in callback.form.get(kind, ())]
    if len(fields) != 1 or not fields[0][1]:
        raise AssertionRejected("saml_message", detail=f"{len(fields)} messages")
    states = callback.form.get("RelayState", ())
    if len(states) > 1:
        raise AssertionRejected("parameter_repeated", detail="RelayState")
    return *fields[0], bindings.relay_state(states[0]) if states else None
