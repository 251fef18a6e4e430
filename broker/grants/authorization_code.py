"""grant_type=authorization_code (RFC 6749 §4.1.3): a code, once, by the client it was given to."""

from __future__ import annotations

from broker.errors import InvalidGrant, InvalidRequest, InvalidTarget
from broker.grants import binding, opening
from broker.grants.request import Granted, TokenRequest
from broker.model import Code, serial
from broker.oauth2 import pkce


def authorization_code(request: TokenRequest) -> Granted:
    """Raises InvalidRequest: code_missing. InvalidGrant: code_replay, code_unknown, code_tenant, code_client,
    redirect_uri, those of `pkce.verify`, `binding` and `opening`. InvalidTarget: those of `opening`.
    """
    handle = request.form.get("code")
    if handle is None:
        raise InvalidRequest("code_missing", "Send the code.")
    code = _take(request, handle)
    try:
        return _redeem(request, handle, code)
    except (InvalidGrant, InvalidTarget) as refused:
        raise refused.about(reference=code.reference, tenant=code.tenant) from None


def _redeem(request: TokenRequest, handle: str, code: Code) -> Granted:
    _require_same_client(request, code)
    _require_same_redirect_uri(request, code)
    pkce.verify(code.code_challenge, request.form.get("code_verifier"))
    binding.require_holder(code.terms.cnf, request)
    return opening.opened(request, code, "token.issued", handle)


def _take(request: TokenRequest, handle: str) -> Code:
    """From here on the code is gone, whatever comes of it (RFC 9700 §4.5)."""
    taken = request.transaction.deployment.take("code", handle)
    if taken is None:
        raise opening.replayed(request, handle, "code_replay") or InvalidGrant("code_unknown")
    tenant, payload = taken
    code = serial.loads(Code, payload)
    if code.tenant != tenant:
        raise InvalidGrant("code_tenant").about(tenant=tenant)
    return code


def _require_same_client(request: TokenRequest, code: Code) -> None:
    if code.client_id != request.client.client_id:
        raise InvalidGrant("code_client")


def _require_same_redirect_uri(request: TokenRequest, code: Code) -> None:
    if code.redirect_uri != request.form.get("redirect_uri"):
        raise InvalidGrant("redirect_uri", "redirect_uri is not the one of the authorization request.")
