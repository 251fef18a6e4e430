"""E-mail domains: one canonical form, one way to match. Configuration, home realm and claims all use this module.

A domain's canonical form is its lower-case A-label name (`xn--strae-oqa.de`): UTS 46 non-transitional mapping, then
IDNA 2008. A pattern is such a name, or `*.` before one: `*.x` matches every name below x, never x itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import idna

WILDCARD = "*."
LONGEST_NAME = 253  # RFC 1035 §2.3.4, without the final dot
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
LONGEST_LOCAL_PART = 64  # octets, RFC 5321 §4.5.3.1.1
REMEMBERED = 4096  # names whose canonical form is kept: IDNA costs 35 us a name, and people share few of them

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


@lru_cache(maxsize=REMEMBERED)
def normalise(domain: str) -> str:
    """The canonical form of a domain that can receive mail. Raises ValueError, which says what is wrong.

    One final dot is taken off. Refused: an empty, single-label or over-long name, `localhost`, an IP address, anything
    invisible (white space, control, zero-width, soft hyphen), and whatever IDNA 2008 refuses (CL-25 to CL-31).
    """
    if not 0 < len(domain) <= LONGEST_NAME + 1:
        raise ValueError("a domain has between 1 and 253 characters")
    try:
        for character in domain:
            _refuse_invisible(character)
        name = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:
        raise ValueError("not a domain name by IDNA 2008") from error
    name = name.removesuffix(".")
    _refuse_special(name)
    return name


def _refuse_invisible(character: str) -> None:
    """UTS 46 silently deletes some code points; two names that look alike must not become one."""
    if unicodedata.category(character) in _INVISIBLE or idna.uts46_remap(character) == "":
        raise ValueError(f"a domain holds no white space and nothing invisible (U+{ord(character):04X})")


def _refuse_special(name: str) -> None:
    """`name` is lower-case A-labels without a final dot."""
    if len(name) > LONGEST_NAME:
        raise ValueError("a domain has between 1 and 253 characters")
    last = name.rpartition(".")[2]
    if last == "localhost":
        raise ValueError("localhost is not an e-mail domain")
    if _NUMBER.fullmatch(last):
        raise ValueError("an IP address is not an e-mail domain")
    if "." not in name:
        raise ValueError("an e-mail domain has at least two labels")


def normalise_pattern(pattern: str) -> str:
    """The canonical form of a domain or of `*.domain`. Raises ValueError; `*` stands nowhere else."""
    if pattern.startswith(WILDCARD):
        return WILDCARD + normalise(pattern.removeprefix(WILDCARD))
    return normalise(pattern)


def of_address(address: str) -> str | None:
    """The canonical domain of one e-mail address, or None where the text is not exactly one address.

    A bare dot-atom addr-spec (RFC 5322 §3.4.1; RFC 6531 non-ASCII local parts included): no display name, comment,
    quoted local part, domain literal or second `@` (CL-30 to CL-35). The local part is judged, never changed.
    """
    local, at, domain = address.partition("@")
    if not at or len(address) > LONGEST_ADDRESS or not _is_local_part(local):
        return None
    try:
        return normalise(domain)
    except ValueError:
        return None


def canonical_address(address: str) -> str | None:
    """One spelling of one e-mail address, or None where it is none: mailboxes that differ in case only are one person's
    in every directory that we know.

    Only in the composed form of Unicode (RFC 6532 §3.1): the Kelvin sign is no k, though it is one in lower case.
    """
    domain, local = of_address(address), address.rpartition("@")[0]
    return None if domain is None or not unicodedata.is_normalized("NFC", local) else f"{local.lower()}@{domain}"


def _is_local_part(local: str) -> bool:
    if any(unicodedata.category(character) in _INVISIBLE for character in local):
        return False
    return len(local.encode()) <= LONGEST_LOCAL_PART and all(_ATOM.fullmatch(atom) for atom in local.split("."))


def above(domain: str) -> Iterator[str]:
    """The names above a canonical domain, nearest first: `a.b.example` gives `b.example`, `example`."""
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def matches(pattern: str, domain: str) -> bool:
    """Whether a canonical pattern covers a canonical domain, label by label (TN-10, TN-11)."""
    if pattern.startswith(WILDCARD):
        return pattern.removeprefix(WILDCARD) in above(domain)
    return pattern == domain


def more_specific(one: str, other: str) -> bool:
    """Of two patterns that match the same domain, whether `one` says more: exact before wildcard, then longer."""
    return _specificity(one) > _specificity(other)


def most_specific(patterns: tuple[str, ...], domain: str) -> str | None:
    """The pattern that matches `domain` best; None: none does."""
    matching = [pattern for pattern in patterns if matches(pattern, domain)]
    return max(matching, key=_specificity, default=None)


def _specificity(pattern: str) -> tuple[bool, int]:
    return (not pattern.startswith(WILDCARD), pattern.count("."))
