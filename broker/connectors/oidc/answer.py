"""The checks of the authorization response: first whose it is, then whether it may be used."""

from __future__ import annotations

import re

from broker.connectors.oidc.provider import Provider
from broker.errors import AssertionRejected
from broker.model import Callback

_LONGEST_CODE = 8192
_NOT_SIGNED_IN = "Your organisation's identity provider did not sign you in. Try again, or ask your administrator."


def state_of(callback: Callback) -> str:
    """The transaction that the answer claims to belong to. Raises AssertionRejected: response_mode, implicit, state."""
    require_query_mode(callback)
    require_no_token(callback)
    return require_one_state(callback)


def code_of(callback: Callback, provider: Provider) -> str:
    """The code, once it is known to come from `provider`. Raises AssertionRejected: issuer, upstream_error, code."""
    require_issuer(callback, provider)
    require_no_error(callback)
    return require_one_code(callback)


def require_query_mode(callback: Callback) -> None:
    """We asked for response_mode=query; a cross-site POST would arrive without the cookie that proves the browser."""
    if callback.method != "GET":
        raise AssertionRejected("response_mode", detail=f"method {callback.method} instead of GET")


def require_no_token(callback: Callback) -> None:
    """RFC 9700 §2.1.2: a token in the address is not ours to read."""
    if "id_token" in callback.query or "access_token" in callback.query:
        raise AssertionRejected("implicit", detail="a token came in the query")


def require_one_state(callback: Callback) -> str:
    states = callback.query.get("state", ())
    if len(states) != 1 or not 0 < len(states[0]) <= 256:
        raise AssertionRejected("state", detail=f"{len(states)} state parameters")
    return states[0]


def require_issuer(callback: Callback, provider: Provider) -> None:
    """RFC 9207 §2.4: before anything of the answer is used, errors included, so that no code goes to the wrong IdP."""
    issuers = callback.query.get("iss", ())
    if not issuers and not provider.names_itself:
        return
    if issuers != (provider.issuer,):
        raise AssertionRejected(
            "issuer", detail=f"{len(issuers)} iss parameters, none or not all the configured issuer"
        )


def require_no_error(callback: Callback) -> None:
    if "error" in callback.query:
        code = error_code(callback.query["error"][0] if callback.query["error"] else "")
        raise AssertionRejected("upstream_error", _NOT_SIGNED_IN, detail=f"the identity provider says {code}")


def require_one_code(callback: Callback) -> str:
    codes = callback.query.get("code", ())
    if len(codes) != 1 or not 0 < len(codes[0]) <= _LONGEST_CODE or not codes[0].isprintable():
        raise AssertionRejected("code", detail=f"{len(codes)} code parameters")
    return codes[0]


def error_code(text: object) -> str:
    """An IdP's error code, harmless in a log line; its description never gets that far."""
    return re.sub(r"[^A-Za-z0-9_.-]", "?", text)[:64] if isinstance(text, str) and text else "an unnamed error"
