"""The `claims` parameter (OIDC Core §5.5): single claims asked for by name, and what they must say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.errors import InvalidRequest
from broker.model import Client, strict_json
from broker.oauth2 import scopes

LONGEST = 8192  # characters
DEEPEST = 8  # values inside each other; the specification needs five
MOST = 100  # claims in one member
_MEMBERS = ("id_token", "userinfo")


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """id_token, userinfo: names that the client may ask for one by one; the others are left out (§5.5: voluntary).

    essential_acr: one of them, or no sign-in; acr_values: only wishes. auth_time: the instant must be known.
    sub: nobody else may be signed in.
    """

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    auth_time: bool = False
    sub: str | None = None


NOTHING = ClaimsRequest()

_Wish = Mapping[str, object]  # what stands beside a claim's name; empty: null did


def read(unverified_claims: str | None, client: Client) -> ClaimsRequest:
    """Raises InvalidRequest: claims_size, claims_json, claims_depth, claims_shape, claims_many, claims_value,
    claims_sub.
    """
    if unverified_claims is None:
        return NOTHING
    asked = _members(unverified_claims)
    acr = tuple(wishes["acr"] for wishes in asked.values() if "acr" in wishes)
    return ClaimsRequest(
        id_token=_allowed(asked["id_token"], client),
        userinfo=_allowed(asked["userinfo"], client),
        essential_acr=_texts(wish for wish in acr if wish.get("essential") is True),
        acr_values=_texts(wish for wish in acr if wish.get("essential") is not True),
        auth_time=any(wishes.get("auth_time", {}).get("essential") is True for wishes in asked.values()),
        sub=_subject(asked),
    )


def _members(unverified_claims: str) -> dict[str, dict[str, _Wish]]:
    """Members that the specification does not name are ignored."""
    if len(unverified_claims) > LONGEST:
        raise InvalidRequest("claims_size", f"The claims parameter may have at most {LONGEST} characters.")
    try:
        parsed = strict_json.parse_object(unverified_claims.encode())
    except ValueError:
        raise InvalidRequest("claims_json", "claims must be one JSON object.") from None
    if _depth(parsed) > DEEPEST:
        raise InvalidRequest("claims_depth", "The claims parameter is nested too deeply.")
    return {name: _wishes(parsed.get(name)) for name in _MEMBERS}


def _wishes(unverified: object) -> dict[str, _Wish]:
    if unverified is None:
        return {}
    if not isinstance(unverified, dict):
        raise InvalidRequest("claims_shape", "In claims, id_token and userinfo are objects of claim names.")
    if len(unverified) > MOST:
        raise InvalidRequest("claims_many", f"claims may name at most {MOST} claims in a member.")
    return {name: _wish(wish) for name, wish in unverified.items()}


def _wish(unverified: object) -> _Wish:
    if unverified is None:
        return {}
    if not isinstance(unverified, dict):
        raise InvalidRequest("claims_shape", "In claims, null or an object stands beside the name of a claim.")
    return unverified


def _allowed(wishes: Mapping[str, _Wish], client: Client) -> tuple[str, ...]:
    seen = scopes.requestable(client)
    return tuple(name for name in wishes if name in seen)


def _texts(wishes: Iterable[_Wish]) -> tuple[str, ...]:
    """`value` or `values` of each, once; several contexts in one request are joined."""
    return tuple(dict.fromkeys(text for wish in wishes for text in _values(wish)))


def _values(wish: _Wish) -> tuple[str, ...]:
    listed = wish.get("values", [])
    values = [*(listed if isinstance(listed, list) else [listed]), *([wish["value"]] if "value" in wish else [])]
    if not all(isinstance(value, str) and value for value in values):
        raise InvalidRequest("claims_value", "In claims, the values of acr and sub are texts.")
    return tuple(values)


def _subject(asked: Mapping[str, Mapping[str, _Wish]]) -> str | None:
    """OIDC Core §5.5.1: a `sub` with a value is the one person who may be signed in."""
    named = _texts(wishes["sub"] for wishes in asked.values() if "sub" in wishes)
    if len(named) > 1:
        raise InvalidRequest("claims_sub", "claims may ask for one sub only.")
    return next(iter(named), None)


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
    return depth


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
