"""Has the person allowed a third party's client what it is about to receive? (OIDC Core §3.1.2.4)"""

from __future__ import annotations

from dataclasses import replace

from broker import policy
from broker.errors import InvalidGrant, InvalidRequest
from broker.grants import target
from broker.grants.own_token import Person
from broker.grants.request import TokenRequest
from broker.model import Session, Terms
from broker.oauth2 import consent


def require(request: TokenRequest, session: Session, scope: tuple[str, ...], terms: Terms) -> None:
    """No grant goes around the page that asks. Raises InvalidGrant: consent_missing."""
    client = request.client
    if not client.asks_consent:
        return
    own = target.default(request)
    others = tuple(one for one in terms.resources if one not in own)
    given = request.transaction.of(session.tenant).consent(session.sub, client.client_id)
    if given is None or not consent.covers(given, consent.wanted(client, scope, replace(terms, resources=others))):
        raise InvalidGrant("consent_missing", "The person has not allowed this client what it asks for.")


def require_behind(
    request: TokenRequest, behind: Person | policy.Service | None, scope: tuple[str, ...], audience: tuple[str, ...]
) -> None:
    """Behind a token that is exchanged; nobody asks a workload. Raises InvalidRequest (RFC 8693 §2.2.2)."""
    if not isinstance(behind, Person):
        return
    try:
        require(request, behind.session, scope, Terms(resources=audience))
    except InvalidGrant as refused:
        raise InvalidRequest(refused.reason, refused.public) from refused
