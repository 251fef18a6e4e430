"""Scopes: what may be asked, what it lets a client see (RFC 6749 §3.3, OIDC Core §5.4)."""

from __future__ import annotations

import re

from broker.errors import InvalidScope
from broker.model import Client

CLAIMS_OF = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email",),  # email_verified comes from the proof, never from a rule
    "address": ("address",),
    "phone": ("phone_number",),
}
SUPPORTED = ("openid", *CLAIMS_OF, "offline_access")

_TOKENS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*", re.ASCII)
_LONGEST = 2048  # characters


def read(unverified_scope: str | None) -> tuple[str, ...]:
    """Scope tokens in the order asked, each once. Raises InvalidScope: scope_size, scope_syntax."""
    if unverified_scope is None:
        return ()
    if len(unverified_scope) > _LONGEST:
        raise InvalidScope("scope_size", "The scope parameter is too long.")
    if _TOKENS.fullmatch(unverified_scope) is None:
        raise InvalidScope("scope_syntax", "scope is a list of words separated by spaces.")
    return tuple(dict.fromkeys(unverified_scope.split()))


def granted(asked: tuple[str, ...], client: Client) -> tuple[str, ...]:
    """What of `asked` the client may have; the rest is left out (RFC 6749 §3.3, OIDC Core §3.1.2.1).

    Raises InvalidScope("scope") where something was asked and nothing remains.
    """
    may_refresh = "refresh_token" in client.grant_types
    kept = tuple(scope for scope in asked if scope in client.scopes and (may_refresh or scope != "offline_access"))
    if asked and not kept:
        raise InvalidScope("scope")
    return kept


def narrowed(held: tuple[str, ...], unverified_scope: str | None) -> tuple[str, ...]:
    """The scope of a refreshed token: what was granted, or less (RFC 6749 §6). Raises InvalidScope("scope_wider")."""
    asked = read(unverified_scope)
    if not set(asked) <= set(held):
        raise InvalidScope("scope_wider", "A refresh may not ask for more than was granted.")
    return asked or held


def claims_of(scope: tuple[str, ...], client: Client) -> frozenset[str]:
    """The outgoing claims that this scope, and the client's own list, let the client see."""
    return frozenset(client.claims).union(*(CLAIMS_OF.get(word, ()) for word in scope))


def requestable(client: Client) -> frozenset[str]:
    """The claims that this client may ask for one by one: those of the scopes it is registered for, and its own."""
    names = claims_of(client.scopes, client)
    return names | {"email_verified"} if "email" in names else names
