"""Which client is this, proven by the one method it registered (RFC 6749 §2.3, RFC 9700 §2.5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from broker import jose
from broker.clients.assertion import Assertions, KeysOf
from broker.clients.certificate import Certificate
from broker.clients.workload import Workloads
from broker.errors import InvalidClient, InvalidRequest, OAuthError, TokenRejected
from broker.model import Client, Workload
from broker.oauth2.parameters import Parameters, one, repeated

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
BY_CERTIFICATE = ("tls_client_auth", "self_signed_tls_client_auth")
ASSERTION_TYPES = {  # client_assertion_type -> the registered methods that it may serve
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer": ("private_key_jwt", "workload"),
    "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe": ("workload",),
}
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
    certificate: Certificate | None = None  # of the TLS client, from a proxy that we trust


@dataclass(frozen=True, slots=True)
class Proven:
    """The client; workload: whose token proved it, where it has no secret of its own. Then `client` may be narrowed
    to the one tenant that the identity is for.
    """

    client: Client
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """Who it claims to be, by which of its registered methods, and the readings of its secret or its assertion."""

    methods: tuple[str, ...]
    client_id: str
    secrets: tuple[str, ...] = ()
    unverified_assertion: str | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """The same phases for every endpoint that programs call: one method, the registered one, proven."""

    assertions: Assertions
    workloads: Workloads
    keys: KeysOf

    def __call__(self, clients: Mapping[str, Client], presented: Presented) -> Proven:
        """The proven client.

        Raises InvalidRequest: secret_in_query, repeated, client_methods. InvalidClient: client_missing, client_basic,
        client_mismatch, client_unknown, client_method, client_secret, certificate_missing, certificate_unverified,
        certificate_name, certificate_key, assertion_type, and `assertion_` or `workload_` before a reason of
        `Assertions` and `Workloads`. TemporarilyUnavailable: client_keys.
        """
        _require_no_secret_in_query(presented.unverified_query)
        _require_single(presented.unverified_form)
        claimed = _claimed(presented.authorization, presented.unverified_form)
        client = clients.get(claimed.client_id)
        same_secret = _same_secret(client, claimed)
        if client is None:
            raise InvalidClient("client_unknown")
        _require_registered_method(client, claimed)
        try:
            return self._proven(client, claimed, presented.certificate, same_secret=same_secret)
        except OAuthError as refused:
            raise refused.about(client_id=client.client_id) from refused.__cause__

    def _proven(
        self, client: Client, claimed: _Claimed, certificate: Certificate | None, *, same_secret: bool
    ) -> Proven:
        method = client.auth.method
        if method in BY_CERTIFICATE:
            _require_certificate(client, certificate, self.keys)
        elif claimed.unverified_assertion is not None:
            return self._asserted(client, claimed.unverified_assertion)
        elif method != "none" and not same_secret:
            raise InvalidClient("client_secret")
        return Proven(client)

    def _asserted(self, client: Client, unverified: str) -> Proven:
        federated = client.auth.method == "workload"
        try:
            if not federated:
                self.assertions.prove(client, unverified)
                return Proven(client)
            workload = self.workloads.prove(client, unverified)
        except TokenRejected as refused:
            kind = "workload" if federated else "assertion"
            public = refused.public if refused.public != TokenRejected.public else None
            raise InvalidClient(f"{kind}_{refused.reason}", public, detail=refused.detail) from refused
        return Proven(client if workload.tenant is None else replace(client, tenants=(workload.tenant,)), workload)


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
        return _assertion(form, body_id)
    if authorization is not None:
        return _basic(authorization, body_id)
    if body_id is None:
        raise InvalidClient("client_missing", "Send client_id, or client credentials.")
    if body_secret is not None:
        return _Claimed(("client_secret_post",), body_id, (body_secret,))
    return _Claimed(("none", *BY_CERTIFICATE), body_id)


def _assertion(form: Parameters, body_id: str | None) -> _Claimed:
    """RFC 7521 §4.2: client_id is optional where the assertion's subject is the client."""
    unverified, methods = one(form, "client_assertion"), ASSERTION_TYPES.get(one(form, "client_assertion_type") or "")
    if unverified is None or methods is None:
        text = f"Send client_assertion with the client_assertion_type {next(iter(ASSERTION_TYPES))}."
        raise InvalidClient("assertion_type", text)
    return _Claimed(methods, body_id or _named_in(unverified), (), unverified)


def _named_in(unverified: str) -> str:
    try:
        subject = jose.peek(unverified).claims.get("sub")
    except TokenRejected as refused:
        raise InvalidClient(f"assertion_{refused.reason}", detail=refused.detail) from refused
    if not isinstance(subject, str):
        raise InvalidClient("client_missing", "Send client_id beside the assertion.")
    return subject


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
    return _Claimed(("client_secret_basic",), client_id, (unquote_plus(secret), secret))


def _same_secret(client: Client | None, claimed: _Claimed) -> bool:
    """Takes the same time whether the client exists or not. A client without a configured secret proves nothing."""
    expected = client.auth.secret.reveal() if client is not None and client.auth.secret is not None else ""
    digest = hashlib.sha256(expected.encode()).digest() if expected else _NOBODY
    matches = [hmac.compare_digest(hashlib.sha256(text.encode()).digest(), digest) for text in claimed.secrets]
    return bool(expected) and any(matches)


def _require_registered_method(client: Client, claimed: _Claimed) -> None:
    if client.auth.method not in claimed.methods:
        text = f"This client authenticates with {client.auth.method}."
        raise InvalidClient("client_method", text).about(client_id=client.client_id)


def _require_certificate(client: Client, certificate: Certificate | None, keys: KeysOf) -> None:
    """RFC 8705 §2: the TLS handshake has proven its key; whose it is, a trusted issuer or the client's own keys say."""
    if certificate is None:
        raise InvalidClient("certificate_missing", "Connect with the client's TLS certificate.")
    if client.auth.method == "self_signed_tls_client_auth":
        if not certificate.holds_key_of(keys(client, None)):
            raise InvalidClient("certificate_key")
        return
    if not certificate.verified:
        raise InvalidClient("certificate_unverified")
    if client.auth.certificate is None or not certificate.bears(client.auth.certificate):
        raise InvalidClient("certificate_name")
