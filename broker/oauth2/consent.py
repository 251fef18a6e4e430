"""What a client asks of a person, and whether they have allowed it before."""

from __future__ import annotations

from collections.abc import Iterable

from broker.model import Client, Consent, Terms
from broker.oauth2 import scopes


def wanted(client: Client, scope: tuple[str, ...], terms: Terms) -> Consent:
    """With the claims that the client is always told. Its own audience is no API that it asks for."""
    claims = {*client.claims, *terms.id_token_claims, *terms.userinfo_claims} - _shown(scope)
    return Consent(
        scopes=scope,
        claims=tuple(sorted(claims)),
        resources=tuple(one for one in terms.resources if one != client.audience),
    )


def covers(given: Consent, asked: Consent) -> bool:
    """A claim that an allowed scope shows was allowed with it."""
    return (
        set(asked.scopes) <= set(given.scopes)
        and set(asked.claims) <= {*given.claims, *_shown(given.scopes)}
        and set(asked.resources) <= set(given.resources)
    )


def _shown(scope: Iterable[str]) -> set[str]:
    held = set(scope)
    shown = {claim for word in held for claim in scopes.CLAIMS_OF.get(word, ())}
    return shown | {"email_verified"} if "email" in held else shown
