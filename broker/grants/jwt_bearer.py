"""grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer (RFC 7523 §2.1): a token of a tenant's own provider."""

from __future__ import annotations

from broker.errors import InvalidRequest
from broker.grants import introduced, target
from broker.grants.request import Granted, TokenRequest
from broker.oauth2 import audiences


def jwt_bearer(request: TokenRequest) -> Granted:
    """No refresh token: the assertion's end is the grant's.

    Raises InvalidRequest: assertion_missing. InvalidTarget: those of `audiences` and `target`. Those of `introduced`.
    """
    if request.introduced is None:
        raise InvalidRequest("assertion_missing", "Send the assertion.")
    asked = audiences.resources(request.configuration, request.client, request.resources)
    audience = target.require(request, asked or target.default(request), request.introduced.admitted.tenant.id)
    return introduced.granted(request, request.introduced, "token.issued", audience)
