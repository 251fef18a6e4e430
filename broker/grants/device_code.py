"""grant_type=device_code (RFC 8628 §3.4): a device asks again and again until somebody has answered for it."""

from __future__ import annotations

from broker.errors import (
    AuthorizationPending,
    DeviceDenied,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    InvalidTarget,
    SlowDown,
)
from broker.grants import binding, opening
from broker.grants.request import Granted, TokenRequest
from broker.model import Code, serial

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def device_code(request: TokenRequest) -> Granted:
    """Raises InvalidRequest: device_code_missing. InvalidGrant: device_replay, device_unknown, device_client, those of
    `binding` and `opening`. ExpiredToken, AuthorizationPending, SlowDown, DeviceDenied. InvalidTarget: of `opening`.
    """
    handle = request.form.get("device_code")
    if handle is None:
        raise InvalidRequest("device_code_missing", "Send the device_code.")
    code = _approved(request, handle)
    try:
        binding.require_holder(code.terms.cnf, request)
        return opening.opened(request, code, "token.issued", handle)
    except (InvalidGrant, InvalidTarget) as refused:
        raise refused.about(reference=code.reference, tenant=code.tenant) from None


def _approved(request: TokenRequest, handle: str) -> Code:
    """Taken by the first that finds an answer; who asks too soon waits longer (RFC 8628 §3.5)."""
    devices, client_id = request.transaction.devices, request.client.client_id
    polled = devices.poll(handle, client_id, request.now)
    if polled is None:
        raise _not_here(request, handle)
    if polled.expired:
        raise ExpiredToken("device_expired")
    if polled.state == "pending":
        raise SlowDown("device_too_soon") if polled.too_soon else AuthorizationPending("device_pending")
    taken = devices.take(handle, client_id)
    if taken is None:
        raise DeviceDenied("device_denied")
    return serial.loads(Code, taken.answer)


def _not_here(request: TokenRequest, handle: str) -> InvalidGrant:
    if request.transaction.devices.owner(handle) is not None:
        return InvalidGrant("device_client")
    return opening.replayed(request, handle, "device_replay") or InvalidGrant("device_unknown")
