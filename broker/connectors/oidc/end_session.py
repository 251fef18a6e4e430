"""Signing out at the OpenID provider as well (OpenID Connect RP-Initiated Logout 1.0 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from broker.connectors.oidc.id_token import Claims

LONGEST = 6000  # characters of an ID token that may travel in an address: many servers take 8 KB in all


def remembered(id_token: str, proven: Claims) -> dict[str, str]:
    """What only a sign-out needs, beside `sub` and `sid`: the token itself, and Entra's name for the account."""
    login_hint = proven.get("login_hint")
    hint = {"login_hint": login_hint} if isinstance(login_hint, str) and login_hint else {}
    return hint if len(id_token) > LONGEST else {**hint, "id_token": id_token}


def end_session_url(endpoint: str, client_id: str, known: Mapping[str, str], *, back: str, name: str) -> str:
    """known: `Identity.logout`. back: where the provider sends the browser, with `name` as `state`.

    A session from before `logout: upstream` has no token to show: the provider then asks the person, or refuses.
    """
    asked = {"client_id": client_id, "post_logout_redirect_uri": back, "state": name}
    hints = {"id_token_hint": known.get("id_token"), "logout_hint": known.get("login_hint")}
    given = {parameter: value for parameter, value in hints.items() if value}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode({**asked, **given})}"
