"""What a request asks for, in words for the person who is asked."""

from __future__ import annotations

from collections.abc import Sequence

from broker.model import Configuration, Consent, Terms

SCOPES = {
    "openid": "Know that it is you who signs in",
    "profile": "Read your name and the like",
    "email": "Read your e-mail address",
    "address": "Read your postal address",
    "phone": "Read your telephone number",
    "offline_access": "Stay connected when you are not there, until you end it",
}


def wishes(configuration: Configuration, wanted: Consent) -> tuple[str, ...]:
    return in_words(configuration, wanted.scopes, Terms(wanted.resources, userinfo_claims=wanted.claims))


def in_words(configuration: Configuration, scope: Sequence[str], terms: Terms) -> tuple[str, ...]:
    """One line a wish, none twice. What has no words of ours is named as it was asked for."""
    scopes = [SCOPES.get(one, f"Use “{one}”") for one in scope]
    named = sorted({*terms.id_token_claims, *terms.userinfo_claims})
    claims = [f"Read “{name}”" for name in named]
    apis = [configuration.apis[one].name if one in configuration.apis else one for one in terms.resources]
    return tuple(dict.fromkeys((*scopes, *claims, *(f"Use {name} for you" for name in apis))))
