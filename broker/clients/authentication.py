"""Which client is this, proven by the one method it registered (RFC 6749 §2.3, RFC 9700 §2.5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from broker.errors import InvalidClient, InvalidRequest
from broker.model import Client
from broker.oauth2.parameters import Parameters, one, repeated

METHODS = ("client_secret_basic", "client_secret_post", "none")
SECRETS = frozenset(
    {"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "token", "password"}
)
_LONGEST_HEADER = 8192  # characters
_NOBODY = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Presented:
    """A POST to one of our endpoints as it came, as far as it may prove a client."""

    authorization: str | None
    unverified_form: Parameters
    unverified_query: Parameters


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The method, who it claims to be, and the readings of its secret."""

    method: str
    client_id: str
    secrets: tuple[str, ...] = ()


class Authentication:
    """The same phases for every endpoint that programs call: one method, the registered one, proven."""

    def __call__(self, clients: Mapping[str, Client], presented: Presented) -> Client:
        """The proven client.

        Raises InvalidRequest: secret_in_query, repeated, client_methods. InvalidClient: client_missing, client_basic,
        client_mismatch, client_unknown, client_method, client_secret.
        """
        _require_no_secret_in_query(presented.unverified_query)
        _require_single(presented.unverified_form)
        claimed = _claimed(presented.authorization, presented.unverified_form)
        client = clients.get(claimed.client_id)
        proven = _proves(client, claimed)
        if client is None:
            raise InvalidClient("client_unknown")
        _require_registered_method(client, claimed)
        if not proven:
            raise InvalidClient("client_secret").about(client_id=client.client_id)
        return client


def _require_no_secret_in_query(unverified_query: Parameters) -> None:
    """RFC 6749 §2.3.1: credentials may not stand in the URI; it is logged everywhere."""
    if not SECRETS.isdisjoint(unverified_query):
        raise InvalidRequest("secret_in_query", "Send parameters in the request body, never in the URL.")


def _require_single(unverified_form: Parameters) -> None:
    name = repeated(unverified_form)
    if name is not None:
        raise InvalidRequest("repeated", "A parameter was sent more than once.")


def _claimed(authorization: str | None, form: Parameters) -> _Claimed:
    """Exactly one method (RFC 6749 §2.3: never more than one in a request)."""
    body_id, body_secret = one(form, "client_id"), one(form, "client_secret")
    asserted = one(form, "client_assertion") is not None or one(form, "client_assertion_type") is not None
    if (authorization is not None) + (body_secret is not None) + asserted > 1:
        raise InvalidRequest("client_methods", "Authenticate the client by one method only.")
    if asserted:
        raise InvalidClient("client_method", "Client assertions are not supported.")
    if authorization is not None:
        return _basic(authorization, body_id)
    if body_id is None:
        raise InvalidClient("client_missing", "Send client_id, or client credentials.")
    if body_secret is not None:
        return _Claimed("client_secret_post", body_id, (body_secret,))
    return _Claimed("none", body_id)


def _basic(authorization: str, body_id: str | None) -> _Claimed:
    """RFC 6749 §2.3.1: both halves are form-encoded; a secret sent as it is counts too, as common clients send it."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(authorization) > _LONGEST_HEADER:
        raise InvalidClient("client_basic", "The Authorization header must be Basic client credentials.")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8").partition(":")
    except ValueError as fault:  # not base64, or not UTF-8
        raise InvalidClient("client_basic", "The Authorization header is not well-formed.") from fault
    if not colon or not name:
        raise InvalidClient("client_basic", "The Authorization header is not well-formed.")
    client_id = unquote_plus(name)
    if body_id is not None and body_id not in {client_id, name}:
        raise InvalidClient("client_mismatch", "client_id is not the authenticated client.")
    return _Claimed("client_secret_basic", client_id, (unquote_plus(secret), secret))


def _proves(client: Client | None, claimed: _Claimed) -> bool:
    """Takes the same time whether the client exists or not. A client without a configured secret proves nothing."""
    expected = client.auth.secret.reveal() if client is not None and client.auth.secret is not None else ""
    digest = hashlib.sha256(expected.encode()).digest() if expected else _NOBODY
    matches = [hmac.compare_digest(hashlib.sha256(text.encode()).digest(), digest) for text in claimed.secrets]
    if client is not None and client.public:
        return claimed.method == "none"
    return bool(expected) and any(matches)


def _require_registered_method(client: Client, claimed: _Claimed) -> None:
    if client.auth.method != claimed.method:
        text = f"This client authenticates with {client.auth.method}."
        raise InvalidClient("client_method", text).about(client_id=client.client_id)
