"""Which key the tokens of a grant are bound to (RFC 7800): the sender's, as it is proven with each request.

A refresh token of a public client is bound as well (RFC 9449 §5, RFC 8705 §4); a confidential client proves itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broker.errors import InvalidGrant
from broker.grants.request import TokenRequest
from broker.model import Terms


def require_holder(bound: Mapping[str, str], request: TokenRequest) -> None:
    """What was bound before is handed in by whoever holds that key (RFC 9449 §10). Raises InvalidGrant: cnf."""
    if any(request.cnf.get(kind) != key for kind, key in bound.items()):
        raise InvalidGrant("cnf", "This was given to the holder of another key: prove the key that you began with.")


def of_access(terms: Terms, request: TokenRequest) -> Terms:
    return replace(terms, cnf=request.cnf)


def of_refresh(terms: Terms, request: TokenRequest) -> Terms:
    return replace(terms, cnf=request.cnf if request.client.public else {})
