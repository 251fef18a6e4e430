"""The checks of the authorization response: first whose it is, then whether it may be used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from broker.connectors.oidc.provider import Provider
from broker.errors import AssertionRejected
from broker.model import Callback

_LONGEST_CODE = 8192
_NOT_SIGNED_IN = "Your organisation's identity provider did not sign you in. Try again, or ask your administrator."


Given = Mapping[str, tuple[str, ...]]


def state_of(callback: Callback, mode: str) -> str:
    """The transaction that the answer claims to belong to. Raises AssertionRejected: response_mode, implicit, state."""
    given = parameters(callback, mode)
    require_no_token(given)
    return require_one_state(given)


def code_of(callback: Callback, mode: str, provider: Provider, issuers: Collection[str]) -> str:
    """The code, once it is known to come from `provider`, which may call itself by any of `issuers`.

    Raises AssertionRejected: response_mode, issuer, upstream_error, code.
    """
    given = parameters(callback, mode)
    require_issuer(given, provider, issuers)
    require_no_error(given)
    return require_one_code(given)


def parameters(callback: Callback, mode: str) -> Given:
    """Where we asked for them, and nowhere else: a form that was not asked for comes without our cookie, and an
    address that was not asked for lies in histories and logs.
    """
    wanted = "POST" if mode == "form_post" else "GET"
    if callback.method != wanted:
        raise AssertionRejected("response_mode", detail=f"method {callback.method} instead of {wanted}")
    return callback.form if mode == "form_post" else callback.query


def require_no_token(given: Given) -> None:
    """RFC 9700 §2.1.2: a token in the address is not ours to read."""
    if "id_token" in given or "access_token" in given:
        raise AssertionRejected("implicit", detail="a token came through the browser")


def require_one_state(given: Given) -> str:
    states = given.get("state", ())
    if len(states) != 1 or not 0 < len(states[0]) <= 256:
        raise AssertionRejected("state", detail=f"{len(states)} state parameters")
    return states[0]


def require_issuer(given: Given, provider: Provider, accepted: Collection[str]) -> None:
    """RFC 9207 §2.4: before anything of the answer is used, errors included, so that no code goes to the wrong IdP."""
    issuers = given.get("iss", ())
    if not issuers and not provider.names_itself:
        return
    if len(issuers) != 1 or issuers[0] not in accepted:
        raise AssertionRejected(
            "issuer", detail=f"{len(issuers)} iss parameters, none or not all the configured issuer"
        )


def require_no_error(given: Given) -> None:
    if "error" in given:
        code = error_code(given["error"][0] if given["error"] else "")
        raise AssertionRejected("upstream_error", _NOT_SIGNED_IN, detail=f"the identity provider says {code}")


def require_one_code(given: Given) -> str:
    codes = given.get("code", ())
    if len(codes) != 1 or not 0 < len(codes[0]) <= _LONGEST_CODE or not codes[0].isprintable():
        raise AssertionRejected("code", detail=f"{len(codes)} code parameters")
    return codes[0]


def error_code(text: object) -> str:
    """An IdP's error code, harmless in a log line; its description never gets that far."""
    return re.sub(r"[^A-Za-z0-9_.-]", "?", text)[:64] if isinstance(text, str) and text else "an unnamed error"
