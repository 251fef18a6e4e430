"""Proof Key for Code Exchange, S256 only (RFC 7636, RFC 9700 §2.1.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from broker.errors import InvalidGrant, InvalidRequest

METHODS = ("S256",)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def challenge(unverified_challenge: str | None, unverified_method: str | None, *, required: bool) -> str | None:
    """The S256 challenge of an authorization request; None where the client sends none and need not.

    Raises InvalidRequest: pkce_missing, pkce_method, pkce_challenge.
    """
    if unverified_challenge is None and unverified_method is None and not required:
        return None
    if unverified_challenge is None:
        raise InvalidRequest("pkce_missing", "Send code_challenge with code_challenge_method=S256.")
    if unverified_method not in METHODS:  # RFC 7636 §4.3: left out it means plain, which is refused
        raise InvalidRequest("pkce_method", "code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(unverified_challenge) is None:
        raise InvalidRequest("pkce_challenge", "code_challenge must be the base64url SHA-256 of the verifier.")
    return unverified_challenge


def verify(code_challenge: str | None, unverified_verifier: str | None) -> None:
    """RFC 7636 §4.6: the verifier must be the challenge's; RFC 9700 §4.8.2: none may come where none was promised.

    Raises InvalidGrant: pkce_downgrade, pkce_verifier_missing, pkce_verifier_syntax, pkce_verifier.
    """
    if code_challenge is None:
        if unverified_verifier is not None:
            raise InvalidGrant("pkce_downgrade", "A code_verifier came for a code without code_challenge.")
        return
    if unverified_verifier is None:
        raise InvalidGrant("pkce_verifier_missing", "Send the code_verifier.")
    if _VERIFIER.fullmatch(unverified_verifier) is None:
        raise InvalidGrant("pkce_verifier_syntax", "code_verifier must have 43 to 128 unreserved characters.")
    digest = base64.urlsafe_b64encode(hashlib.sha256(unverified_verifier.encode("ascii")).digest()).rstrip(b"=")
    if not hmac.compare_digest(digest, code_challenge.encode("ascii")):
        raise InvalidGrant("pkce_verifier", "The code_verifier does not belong to the code_challenge.")
