"""The compact form of a JWS (RFC 7515 §3.1), read strictly: one text, one meaning."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from broker.errors import TokenRejected
from broker.model import strict_json

LONGEST = 65_536  # characters; looked at before anything is decoded
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Peeked:
    """What a token says of itself. From `peek` it is unverified; from `verified` its signature was good."""

    header: dict[str, object]
    claims: dict[str, object]
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])


def peek(token: str) -> Peeked:
    """Take a compact JWS apart without believing it.

    Raises TokenRejected: size, unsupported (five parts: encrypted), malformed, json, alg (absent), crit.
    """
    if len(token) > LONGEST:
        raise TokenRejected("size", detail=f"{len(token)} characters, at most {LONGEST}")
    parts = token.split(".")
    if len(parts) == 5:
        raise TokenRejected("unsupported", detail="encrypted tokens are not accepted")
    if len(parts) != 3:
        raise TokenRejected("malformed", detail=f"{len(parts)} parts instead of 3")
    header = _json(decode(parts[0]), "header")
    if not isinstance(header.get("alg"), str):
        raise TokenRejected("alg", detail="the header names no algorithm")
    if "crit" in header or "b64" in header:
        raise TokenRejected("crit", detail="the header asks for an extension")  # RFC 7515 §4.1.11: we know none
    claims = _json(decode(parts[1]), "payload")
    return Peeked(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), decode(parts[2]))


def encode(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(segment: str) -> bytes:
    """The inverse; any other spelling of the same bytes (padding, white space, loose last bits) is `malformed`."""
    if not _SEGMENT.fullmatch(segment):
        raise TokenRejected("malformed", detail="a part is not base64url")
    try:
        data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenRejected("malformed", detail="a part is not base64url") from None
    if encode(data) != segment:
        raise TokenRejected("malformed", detail="a part is not canonical base64url")
    return data


def _json(body: bytes, which: str) -> dict[str, object]:
    try:
        return strict_json.parse_object(body)
    except ValueError:
        raise TokenRejected("json", detail=f"the {which} is not one unambiguous JSON object") from None
