"""The code for tokens (RFC 6749 §4.1.3), and what may be in the answer (OpenID Connect Core §3.1.3.3)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from broker.connectors.oidc.answer import error_code
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import OidcSettings, strict_json
from broker.outbound import Outbound, Response


@dataclass(frozen=True, slots=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)


def redeem(
    outbound: Outbound, endpoint: str, settings: OidcSettings, *, code: str, verifier: str, callback_url: str
) -> Tokens:
    """Raises AssertionRejected: token_error (the IdP refused), token_response (not what the standard says);
    UpstreamUnavailable: client_secret_missing and those of `outbound`.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url,
        "code_verifier": verifier,
    }
    answer = outbound.post_form(endpoint, {**form, **_in_form(settings)}, headers=_in_header(settings))
    members = _members(answer)
    if answer.status != 200 or "error" in members:
        said = error_code(members.get("error"))
        raise AssertionRejected("token_error", detail=f"status {answer.status}, the identity provider says {said}")
    return _tokens(members)


def require_secret(settings: OidcSettings) -> str:
    """The client secret; without one nothing is begun, because nothing could be finished."""
    if settings.client_secret is None:
        raise UpstreamUnavailable(
            "client_secret_missing",
            "Signing in at your organisation's identity provider is not set up completely. Tell your administrator.",
            detail="client_secret could not be resolved",
        )
    return settings.client_secret.reveal()


def _in_header(settings: OidcSettings) -> Mapping[str, str]:
    """RFC 6749 §2.3.1: id and secret are form-encoded before they are joined."""
    if settings.client_auth != "client_secret_basic":
        return {}
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(require_secret(settings))}"
    return {"Authorization": f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"}


def _in_form(settings: OidcSettings) -> Mapping[str, str]:
    if settings.client_auth == "client_secret_basic":
        return {}
    if settings.client_auth == "client_secret_post":
        return {"client_id": settings.client_id, "client_secret": require_secret(settings)}
    return {"client_id": settings.client_id}


def _members(answer: Response) -> dict[str, object]:
    try:
        return strict_json.parse_object(answer.body)
    except ValueError:
        raise AssertionRejected("token_response", detail=f"status {answer.status}, not a JSON object") from None


def _tokens(members: Mapping[str, object]) -> Tokens:
    kind, id_token, access_token = (members.get(name) for name in ("token_type", "id_token", "access_token"))
    if not (isinstance(kind, str) and kind.lower() == "bearer"):
        raise AssertionRejected("token_response", detail="token_type is not Bearer")
    if not isinstance(id_token, str):
        raise AssertionRejected("token_response", detail="there is no id_token")
    if access_token is None:
        return Tokens(id_token)
    if not (isinstance(access_token, str) and access_token.isascii() and access_token.isprintable()):
        raise AssertionRejected("token_response", detail="access_token is not printable ASCII")  # RFC 6749 A.12
    return Tokens(id_token, access_token)
