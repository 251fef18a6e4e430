"""What a person answers before anything is issued: one page, one answer, from the browser that signed in.

Looking changes nothing. The parked request is taken by the first answer, yes or no, and every check of a sign-in that
can have changed since is made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker import policy
from broker.errors import ShownError
from broker.model import AuditEvent, AuthRequest, Client, Configuration, Consent, Lifetimes, Session, serial
from broker.policy import Address
from broker.sessions import Sessions
from broker.signin import consent, leaving, pushed
from broker.signin.issuing import APPROVAL, Completed, Issuing, Parked, admit
from broker.store import Store


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, for which client, and of whom. address: what the IdP calls the person by."""

    request: AuthRequest
    client: Client
    wanted: Consent
    session: Session
    address: str | None


class Approvals:
    def __init__(self, store: Store, sessions: Sessions, lifetimes: Lifetimes, clock: Callable[[], float]) -> None:
        self._store = store
        self._sessions = sessions
        self._issuing = Issuing(lifetimes, clock)
        self._clock = clock

    def question(self, configuration: Configuration, name: str, browser: str | None) -> Question:
        """Raises ShownError: approval_unknown, approval_browser, approval_session, approval_client."""
        found = self._store.deployment.look(APPROVAL, name)
        if found is None:
            raise _over("approval_unknown")
        tenant, payload = found
        parked = serial.loads(Parked, payload)
        session = self._session(configuration, parked, tenant, browser)
        request, client = parked.request, configuration.clients.get(parked.request.client_id)
        if client is None:
            raise _over("approval_client").about(tenant=tenant)
        address = self._sessions.own_address(configuration, session)
        return Question(request, client, consent.wanted(client, request), session, address)

    def approve(self, configuration: Configuration, name: str, question: Question, ip: Address) -> Completed:
        """Yes. Raises AccessDenied with a reason of the guard or the rules, ShownError: approval_used, device_gone."""
        self._take(name)
        with leaving.towards_client(configuration, question.request, self._store.deployment):
            return self._approved(configuration, question, ip)

    def _approved(self, configuration: Configuration, question: Question, ip: Address) -> Completed:
        request, session = question.request, question.session
        admitted = admit(configuration, request, ip, self._clock())
        entitlement = self._sessions.entitle(configuration, session, admitted.client)
        if not entitlement.allowed:
            raise policy.denied(entitlement)
        with self._store.transaction() as transaction:
            if question.client.asks_consent:
                consent.give(transaction, question.client, request, session, int(self._clock()))
                transaction.record(_event("consent.given", question))
            code = self._issuing.issue(transaction, request, session)
            if request.device is not None:
                transaction.record(_event("device.approved", question))
        return Completed(request, code, session, None)

    def deny(self, name: str, question: Question) -> None:
        """No. Raises ShownError: approval_used."""
        self._take(name)
        with self._store.transaction() as transaction:
            if question.request.device is not None:
                transaction.devices.deny(transaction.devices.key(question.request.device))
                transaction.record(_event("device.denied", question))
            else:
                pushed.discard(transaction.deployment, question.request.pushed)
                transaction.record(_event("consent.refused", question))

    def _session(self, configuration: Configuration, parked: Parked, tenant: str, browser: str | None) -> Session:
        held = self._store.deployment.browser_sessions(browser) if browser is not None else ()
        if parked.sid not in {session.sid for session in held if session.tenant == tenant}:
            raise _over("approval_browser")
        session = next(session for session in held if session.sid == parked.sid)
        if not self._sessions.alive(configuration, session):
            raise _over("approval_session")
        return session

    def _take(self, name: str) -> None:
        if self._store.deployment.take(APPROVAL, name) is None:
            raise _over("approval_used")


def _over(reason: str) -> ShownError:
    return ShownError(reason, "This question was answered already, was left waiting too long, or is not yours.")


def _event(event: str, question: Question) -> AuditEvent:
    request, session = question.request, question.session
    return AuditEvent(
        event,
        "success",
        request.reference,
        tenant=session.tenant,
        client_id=request.client_id,
        idp=session.idp,
        sub=session.sub,
        sid=session.sid,
    )
