"""What somebody lets a third party's client do: asked for before the code, and remembered."""

from __future__ import annotations

from broker.errors import ConsentRequired
from broker.model import AuthRequest, Client, Consent, Session
from broker.oauth2 import consent
from broker.store import Transaction


def wanted(client: Client, request: AuthRequest) -> Consent:
    return consent.wanted(client, request.scope, request.terms)


def must_ask(transaction: Transaction, client: Client, request: AuthRequest, session: Session) -> bool:
    """Of a first party's client nobody is asked: its operator has decided (OIDC Core §3.1.2.4).

    Raises ConsentRequired: consent_missing, where nobody may be asked.
    """
    if not client.asks_consent:
        return False
    given = transaction.of(session.tenant).consent(session.sub, client.client_id)
    known = given is not None and consent.covers(given, wanted(client, request))
    if not known and "none" in request.prompt:
        raise ConsentRequired("consent_missing")
    return not known or "consent" in request.prompt


def give(transaction: Transaction, client: Client, request: AuthRequest, session: Session, at: int) -> None:
    """What was allowed before stays allowed."""
    held = transaction.of(session.tenant)
    before = held.consent(session.sub, client.client_id) or Consent()
    held.keep_consent(session.sub, client.client_id, before.joined(wanted(client, request)), at)
