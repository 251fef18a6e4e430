"""What a client may hand in at /token, one function each: it proves, and answers an `Authorization`.

A grant never signs and never authenticates the client; the endpoint owns what all grants share. A new grant is one
file and one row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.grants.authorization_code import authorization_code
from broker.grants.client_credentials import client_credentials
from broker.grants.device_code import DEVICE_CODE, device_code
from broker.grants.introduced import JWT_BEARER, TOKEN_EXCHANGE
from broker.grants.jwt_bearer import jwt_bearer
from broker.grants.refresh_token import refresh_token
from broker.grants.request import Granted, Introduced, People, TokenRequest
from broker.grants.token_exchange import token_exchange

GRANTS: Mapping[str, Callable[[TokenRequest], Granted]] = {
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
    DEVICE_CODE: device_code,
    TOKEN_EXCHANGE: token_exchange,
    JWT_BEARER: jwt_bearer,
}
UNDONE = frozenset({"client_credentials", TOKEN_EXCHANGE, JWT_BEARER})  # a refusal of these leaves nothing behind

__all__ = ["DEVICE_CODE", "GRANTS", "UNDONE", "Granted", "Introduced", "People", "TokenRequest"]
