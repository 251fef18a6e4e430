"""The code for tokens (RFC 6749 §4.1.3), and what may be in the answer (OpenID Connect Core §3.1.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.connectors.oidc.answer import error_code
from broker.connectors.oidc.client_proof import Proof
from broker.errors import AssertionRejected
from broker.model import strict_json
from broker.outbound import Outbound, Response


@dataclass(frozen=True, slots=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


def redeem(outbound: Outbound, endpoint: str, proof: Proof, form: Mapping[str, str]) -> Tokens:
    """`form` says what for which tokens. Raises as `ask` does."""
    members = ask(outbound, endpoint, proof, form)
    access_token = access_token_of(members)
    id_token = members.get("id_token")
    if not isinstance(id_token, str):
        raise AssertionRejected("token_response", detail="there is no id_token")
    refresh_token = members.get("refresh_token")
    return Tokens(id_token, access_token, refresh_token if isinstance(refresh_token, str) else None)


def ask(outbound: Outbound, endpoint: str, proof: Proof, form: Mapping[str, str]) -> Mapping[str, object]:
    """The members of a good token response. Raises AssertionRejected: token_error (the IdP refused), token_response
    (not what the standard says); UpstreamUnavailable: those of `outbound`.
    """
    answer = outbound.post_form(endpoint, {**form, **proof.form}, headers=proof.headers)
    members = _members(answer)
    if answer.status != 200 or "error" in members:
        said = error_code(members.get("error"))
        raise AssertionRejected("token_error", detail=f"status {answer.status}, the identity provider says {said}")
    return members


def for_code(code: str, verifier: str, callback_url: str, resource: str | None = None) -> Mapping[str, str]:
    """RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url,
        "code_verifier": verifier,
    }
    return {**form, "resource": resource} if resource else form


def _members(answer: Response) -> dict[str, object]:
    try:
        return strict_json.parse_object(answer.body)
    except ValueError:
        raise AssertionRejected("token_response", detail=f"status {answer.status}, not a JSON object") from None


def access_token_of(members: Mapping[str, object]) -> str | None:
    """A bearer token that fits into a header, if there is one. Raises AssertionRejected `token_response`."""
    kind, access_token = members.get("token_type"), members.get("access_token")
    if not (isinstance(kind, str) and kind.lower() == "bearer"):
        raise AssertionRejected("token_response", detail="token_type is not Bearer")
    if access_token is None:
        return None
    if not (isinstance(access_token, str) and access_token.isascii() and access_token.isprintable()):
        raise AssertionRejected("token_response", detail="access_token is not printable ASCII")  # RFC 6749 A.12
    return access_token
