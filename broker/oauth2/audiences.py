"""For whom a token is: the APIs that a client names by `resource` (RFC 8707) or `audience` (RFC 8693 §2.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from broker.errors import InvalidTarget
from broker.model import Api, Client, Configuration

_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,300}", re.ASCII)
_MOST = 10  # that one request may name


def resources(configuration: Configuration, client: Client, unverified: Iterable[str]) -> tuple[str, ...]:
    """The audiences of what `resource` names, each once; RFC 8707 §2: absolute URIs without a fragment.

    Raises InvalidTarget: target_syntax, and those of `audiences`.
    """
    return audiences(configuration, client, uris(unverified))


def uris(unverified: Iterable[str]) -> tuple[str, ...]:
    """RFC 8707 §2. Raises InvalidTarget `target_syntax`."""
    named = tuple(unverified)
    if not all(_is_absolute(one) for one in named):
        raise InvalidTarget("target_syntax", "resource is an absolute URI without a fragment.")
    return named


def audiences(configuration: Configuration, client: Client, unverified: Iterable[str]) -> tuple[str, ...]:
    """The audiences that were named, each once, if the client may ask for them: `apis` of its file, and its own.

    Raises InvalidTarget: target_many, target_unknown, target_not_allowed.
    """
    named = tuple(dict.fromkeys(unverified))
    if len(named) > _MOST:
        raise InvalidTarget("target_many", f"A request names at most {_MOST} audiences.")
    for one in named:
        _require_known(configuration, client, one)
        _require_allowed(client, one)
    return named


def narrowed(held: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    """RFC 8707 §2.2: of what was granted, as much as the token request names. Raises InvalidTarget `target_wider`."""
    if not set(asked) <= set(held):
        raise InvalidTarget("target_wider", "The grant does not reach this resource. Ask for it when signing in.")
    return asked or held


def apis(configuration: Configuration, audience: Iterable[str]) -> tuple[Api, ...]:
    """Those of the audiences that have a file; a client's own `audience` and our issuer need none."""
    return tuple(configuration.apis[one] for one in audience if one in configuration.apis)


def scopes(configuration: Configuration, audience: Collection[str], scope: tuple[str, ...]) -> tuple[str, ...]:
    """Without the scopes that belong to other APIs only: they mean nothing to whom the token is for."""
    here = {one for api in apis(configuration, audience) for one in api.scopes}
    elsewhere = {one for api in configuration.apis.values() for one in api.scopes} - here
    return tuple(one for one in scope if one not in elsewhere)


def roles(configuration: Configuration, audience: Iterable[str], held: tuple[str, ...]) -> tuple[str, ...]:
    """Of the roles of tenant and client, those that mean something to every API meant (contract section 3)."""
    meant = [api.roles for api in apis(configuration, audience) if api.roles is not None]
    return tuple(role for role in held if all(role in listed for listed in meant))


def require_tenant(configuration: Configuration, audience: Iterable[str], tenant: str) -> None:
    """Raises InvalidTarget `target_tenant`: an API that this tenant may not use."""
    if not all(api.serves(tenant) for api in apis(configuration, audience)):
        raise InvalidTarget("target_tenant", "Your organisation may not use this API.")


def _is_absolute(unverified: str) -> bool:
    if _NAME.fullmatch(unverified) is None or "#" in unverified:
        return False
    try:
        parts = urlsplit(unverified)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


def _require_known(configuration: Configuration, client: Client, audience: str) -> None:
    if audience not in configuration.apis and audience != client.audience:
        raise InvalidTarget("target_unknown", "There is no such resource here.")


def _require_allowed(client: Client, audience: str) -> None:
    if audience not in client.apis and audience != client.audience:
        raise InvalidTarget("target_not_allowed", "This client may not ask for tokens of this resource.")
