"""What the IdP sent, under short names and with one type a name, whatever protocol it came through.

A value that does not fit its type is kept as it came, so that no rule can evaluate it and `has()` still says that
something was sent: several distinct values of a text are a tuple, a bool that is no bool stays text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from broker.errors import AssertionRejected
from broker.model import ClaimValue, IdentityProvider, Tenant, Value
from broker.model.overage import GROUPS_LEFT_OUT

INCOMPLETE = "_claim_names"  # OIDC Core §5.6.2: names of claims that are held elsewhere; here under their short names

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,30})\.[0-9]{1,30}")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}  # XML Schema 2 §3.3.2


def types_of(idp: IdentityProvider) -> Mapping[str, str]:
    """Short name -> text | list | bool | number; a name that is not there is a list of text."""
    return {**idp.profile.types, **idp.claim_types}


def incoming_of(idp: IdentityProvider, attributes: Mapping[str, tuple[Value, ...]]) -> Mapping[str, ClaimValue]:
    """Upstream names to short names, values to their types; null and empty are absent, duplicates are one.

    Where several upstream names mean the same short name, a single value is the first one's (the short name itself,
    then the profile's order), and a list holds the values of all. Raises AssertionRejected `claim_value` for a
    control character or a lone surrogate.
    """
    types = types_of(idp)
    incoming: dict[str, ClaimValue] = {}
    for name, senders in _gathered(idp, attributes).items():
        kind = types.get(name, "list")
        sent = [value for values in senders for value in values] if kind == "list" else senders[0]
        value = _typed(sent, kind)
        if value is not None:
            incoming[name] = _with_words(idp, value) if name == "amr" else value
    left_out = _left_out(idp, attributes)
    return {**incoming, INCOMPLETE: left_out} if left_out else incoming


def enriched(
    idp: IdentityProvider, incoming: Mapping[str, ClaimValue], record: Mapping[str, tuple[str, ...]]
) -> Mapping[str, ClaimValue]:
    """`incoming` with the names that the IdP's settings take from the person's record, and from nowhere else.

    What the IdP sends under such a name does not count: it would pass for what the operator wrote.
    """
    types = types_of(idp)
    return _with(incoming, {name: types.get(name, "list") for name in idp.enriched}, record)


def told(
    tenant: Tenant, incoming: Mapping[str, ClaimValue], said: Mapping[str, tuple[Value, ...]]
) -> Mapping[str, ClaimValue]:
    """`incoming` with the names that the tenant's hook may answer, as it answered them, and from nowhere else."""
    return _with(incoming, tenant.hook.claims, said) if tenant.hook else incoming


def _with(
    incoming: Mapping[str, ClaimValue], types: Mapping[str, str], said: Mapping[str, tuple[Value, ...]]
) -> Mapping[str, ClaimValue]:
    sent = {name: value for name, value in incoming.items() if name not in types}
    typed = {name: _typed(said[name], kind) for name, kind in types.items() if said.get(name)}
    return sent | {name: value for name, value in typed.items() if value is not None}


def _with_words(idp: IdentityProvider, sent: ClaimValue) -> ClaimValue:
    """Methods as sent, then in RFC 8176 words, so that `"mfa" in incoming.amr` asks every vendor the same."""
    values = sent if isinstance(sent, tuple) else (str(sent),)
    words = (word for value in values for word in idp.profile.methods.get(value, ()))
    return tuple(dict.fromkeys((*values, *words)))


def incomplete(incoming: Mapping[str, ClaimValue]) -> frozenset[str]:
    """Names whose values are known not to be all there: no rule may read them, not even by has()."""
    names = incoming.get(INCOMPLETE, ())
    return frozenset(names) if isinstance(names, tuple) else frozenset({str(names)})


def meanings(idp: IdentityProvider, attributes: Mapping[str, tuple[Value, ...]]) -> list[tuple[str, str]]:
    """(upstream name, short name) of what was sent: first the short name itself, which is what OIDC's `email_verified`
    speaks of, then the profile's in its order. What only points to a list that was left out is not among them."""
    names = idp.profile.claim_names
    pairs = [(name, name) for name in attributes if name not in names and not _is_overage(name)]
    return pairs + [(upstream, short) for upstream, short in names.items() if upstream in attributes]


def _gathered(
    idp: IdentityProvider, attributes: Mapping[str, tuple[Value, ...]]
) -> Mapping[str, list[tuple[Value, ...]]]:
    """Short name -> the non-empty values of each upstream name that means it."""
    found: dict[str, list[tuple[Value, ...]]] = {}
    for upstream, short in meanings(idp, attributes):
        values = _acceptable(upstream, attributes[upstream])
        if values:
            found.setdefault(short, []).append(values)
    return found


def _acceptable(name: str, values: Iterable[Value]) -> tuple[Value, ...]:
    kept = tuple(value for value in values if not isinstance(value, str) or value.strip())
    if any(isinstance(text, str) and _FORBIDDEN.search(text) for text in (name, *kept)):
        raise AssertionRejected("claim_value", detail=f"a control character in {ascii(name)[:80]}")
    return kept


def _typed(values: Iterable[Value], kind: str) -> ClaimValue | None:
    distinct = {_as_text(value): value for value in values}
    if kind == "list" or len(distinct) != 1:
        return tuple(distinct) or None
    text, value = distinct.popitem()
    if kind == "bool":
        return value if isinstance(value, bool) else _BOOLEANS.get(text, text)
    if kind == "number":
        return _as_number(value, text)
    return text


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _as_number(value: Value, text: str) -> ClaimValue:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return text
    if isinstance(value, (int, float)):
        return value
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _is_overage(name: str) -> bool:
    return name in GROUPS_LEFT_OUT or name.startswith(("_claim_names.", "_claim_sources."))


def _left_out(idp: IdentityProvider, attributes: Mapping[str, tuple[Value, ...]]) -> tuple[str, ...]:
    """Claims that the IdP points to instead of sending them. The pointers are never followed (CL-23)."""
    elsewhere = [_as_text(name) for name in attributes.get(INCOMPLETE, ())]
    elsewhere += [name.removeprefix("_claim_names.") for name in attributes if name.startswith("_claim_names.")]
    if any(_as_text(value) != "false" for name in GROUPS_LEFT_OUT for value in attributes.get(name, ())):
        elsewhere.append("groups")
    return tuple(dict.fromkeys(idp.profile.claim_names.get(name, name) for name in elsewhere))
