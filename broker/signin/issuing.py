"""How a sign-in ends: with a code, or with a page of ours that asks the person first."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from broker import policy
from broker.errors import ShownError
from broker.model import AuthRequest, Client, Code, Configuration, Lifetimes, Session, serial
from broker.policy import Address, Admitted
from broker.signin import consent, pushed
from broker.store import Transaction

APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Completed:
    """Send the browser to the client with `code`; a device fetches its tokens itself, and there is none.

    `browser` is the new value of its session cookie, if it changed.
    """

    request: AuthRequest
    code: str | None
    session: Session
    browser: str | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Send the browser to the page of this name: nothing is issued before its person has said yes."""

    request: AuthRequest
    name: str
    session: Session
    browser: str | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A request whose person is signed in and has not answered yet; the store keeps it sealed."""

    request: AuthRequest
    sid: str


class Issuing:
    def __init__(self, lifetimes: Lifetimes, clock: Callable[[], float]) -> None:
        self._lifetimes = lifetimes
        self._clock = clock

    def conclude(
        self, transaction: Transaction, client: Client, request: AuthRequest, session: Session, browser: str | None
    ) -> Completed | Asking:
        """In the transaction of the sign-in. Nobody lets a device in unasked (RFC 8628 §3.3).

        Raises ConsentRequired: consent_missing.
        """
        if request.device is None and not consent.must_ask(transaction, client, request, session):
            return Completed(request, self.issue(transaction, request, session), session, browser)
        name, expires_at = secrets.token_urlsafe(32), int(self._clock()) + self._lifetimes.sign_in
        payload = serial.dumps(Parked(request, session.sid))
        transaction.of(session.tenant).put(APPROVAL, name, payload, expires_at)
        return Asking(request, name, session, browser)

    def issue(self, transaction: Transaction, request: AuthRequest, session: Session) -> str | None:
        """A code for the browser to carry, or the answer that a device waits for. Raises ShownError: device_gone."""
        payload = Code(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            scope=request.scope,
            tenant=session.tenant,
            sid=session.sid,
            reference=request.reference,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            terms=replace(request.terms, acr_values=(*request.essential_acr, *request.acr_values)),
        )
        if request.device is not None:
            _let_in(transaction, request.device, payload)
            return None
        pushed.use_up(transaction.deployment, request)
        code = secrets.token_urlsafe(32)
        expires_at = int(self._clock()) + self._lifetimes.code
        transaction.of(session.tenant).put("code", code, serial.dumps(payload), expires_at)
        return code


def admit(configuration: Configuration, request: AuthRequest, ip: Address, now: float) -> Admitted:
    """The guard, and a last look at where a code goes. Raises AccessDenied, ShownError: redirect_uri and more."""
    if request.tenant is None or request.home_tenant is None or request.idp is None:
        raise ShownError("home_realm_undecided")
    admitted = policy.admit(
        configuration,
        request.client_id,
        request.tenant,
        request.idp,
        now=now,
        home_tenant_id=request.home_tenant,
        ip=ip,
    )
    if request.device is None:
        policy.require_return(configuration, admitted, request.redirect_uri)
    return admitted


def _let_in(transaction: Transaction, user_code: str, payload: Code) -> None:
    devices = transaction.devices
    if not devices.approve(devices.key(user_code), payload.client_id, payload.tenant, serial.dumps(payload)):
        raise device_gone()


def device_gone() -> ShownError:
    text = "This code was used already, or its time is over. Start again on the device."
    return ShownError("device_gone", text)
