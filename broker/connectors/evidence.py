"""How somebody signed in, in RFC 8176 words, whatever family of names the upstream has for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from broker.model import Value, VendorProfile

_EVIDENCE = frozenset({"amr", "authentication_methods"})  # short names


def methods_of(profile: VendorProfile, acr: str | None, sent: Iterable[str]) -> tuple[str, ...]:
    """acr: the context class; sent: method values, words or URIs. What the profile does not know is left out of an
    acr, and out of `sent` where it is a URI; a word stays as the upstream said it. Absent evidence stays absent."""
    found = [*profile.methods.get(acr or "", ())]
    for value in sent:
        found += profile.methods.get(value, (value,) if _is_word(value) else ())
    return tuple(dict.fromkeys(found))


def method_values(profile: VendorProfile, attributes: Mapping[str, tuple[Value, ...]]) -> Iterator[str]:
    """The method values among an assertion's attributes."""
    for name, values in attributes.items():
        if profile.claim_names.get(name, name) in _EVIDENCE:
            yield from (value for value in values if isinstance(value, str))


def _is_word(value: str) -> bool:
    return bool(value) and not any(mark in value for mark in ":/ ")
