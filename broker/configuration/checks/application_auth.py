"""The rules of `auth:` and of what binds a client's tokens to it: the method, what belongs to it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from cryptography import x509

from broker import jose
from broker.configuration.checks.finding import Context, Finding, unresolved
from broker.configuration.document import Path
from broker.configuration.secrets import weakness
from broker.configuration.shapes import ClientShape, Read
from broker.configuration.shapes.application_auth import CERTIFICATE_NAMES, AuthShape, JwkSetShape
from broker.configuration.urls import url_fault
from broker.errors import Problem, TokenRejected
from broker.model import ClientCertificates

_KEYS = ("jwks", "jwks_uri")
_BELONGS = {  # method -> keys, of which exactly one must stand there, and what to add where none does
    "client_secret_basic": (("secret",), "a secret", "add `secret: {env: NAME}`"),
    "client_secret_post": (("secret",), "a secret", "add `secret: {env: NAME}`"),
    "private_key_jwt": (_KEYS, "the client's public keys", "add `jwks: {keys: […]}` or `jwks_uri: https://…`"),
    "tls_client_auth": (CERTIFICATE_NAMES, "the name in the certificate", "add `tls_client_auth_subject_dn: CN=…`"),
    "self_signed_tls_client_auth": (_KEYS, "the client's public keys", "add `jwks: {keys: […]}`"),
    "workload": (("identities",), "identities", "add `identities: [{issuer: https://…, subject: …}]`"),
    "none": ((), "", ""),
}
_BY_CERTIFICATE = ("tls_client_auth", "self_signed_tls_client_auth")
_VERIFY = "add `verify_header: X-SSL-Client-Verify` to `mtls` in broker.yaml"
_STRONG = ("private_key_jwt", *_BY_CERTIFICATE)
_MAY_SIGN = ("client_secret_basic", "client_secret_post", "tls_client_auth")  # requests, with keys for that alone


def check_auth(shape: ClientShape, context: Context) -> Iterable[Finding]:
    yield from _what_belongs(shape.auth)
    yield from _secret(shape.auth, context)
    yield from key_set(("auth", "jwks"), shape.auth.jwks)
    yield from _published(shape.auth, context)
    yield from _certificate_name(shape.auth)
    yield from _assertions(shape)
    yield from _proxy(shape, context)
    yield from _sender(shape)


def key_set(path: Path, shape: JwkSetShape | None) -> Iterable[Finding]:
    """Public keys, each of a kind that may verify a signature here."""
    for index, jwk in enumerate(shape.keys if shape else ()):
        place = (*path, "keys", index)
        if jose.is_private(jwk):
            yield Finding(place, "holds a private or shared key", "write its public members only; make a new key")
        elif not _usable(jwk):
            remedy = "use EC P-256, Ed25519 or RSA of at least 2048 bits, with `use: sig` or without"
            yield Finding(place, "is not a public key that a signature may be verified with", remedy)


def _usable(jwk: dict[str, object]) -> bool:
    try:
        return bool(jose.parse_jwks(json.dumps({"keys": [jwk]}).encode(), ("sig", "jwt-svid")).keys)
    except (TokenRejected, TypeError, ValueError):  # YAML knows values that JSON does not
        return False


def _what_belongs(auth: AuthShape) -> Iterable[Finding]:
    belonging, needed, remedy = _BELONGS[auth.method]
    signing = _KEYS if auth.method in _MAY_SIGN else ()
    present = [key for key in AuthShape.model_fields if key != "method" and getattr(auth, key) is not None]
    for key in present:
        if key not in (*belonging, *signing):
            what = f"a client with method `{auth.method}` has no {key}"
            yield Finding(("auth", key), what, "remove it")
    found = [key for key in present if key in belonging]
    if belonging and not found:
        yield Finding(("auth",), f"`{auth.method}` needs {needed}", remedy)
    for same in (found, [key for key in present if key in signing]):
        for key in same[1:]:
            yield Finding(("auth", key), f"`{same[0]}` stands here too", "keep one of the two")


def _secret(auth: AuthShape, context: Context) -> Iterable[Finding]:
    path = ("auth", "secret")
    yield from unresolved(path, auth.secret, context)
    secret = context.secrets.secret(auth.secret, context.file)
    if secret is not None and (weak := weakness(secret)):
        yield Finding(path, *weak)


def _published(auth: AuthShape, context: Context) -> Iterable[Finding]:
    if auth.jwks_uri is not None and (fault := url_fault(auth.jwks_uri, context.rules)):
        yield Finding(("auth", "jwks_uri"), *fault)


def _certificate_name(auth: AuthShape) -> Iterable[Finding]:
    name = auth.tls_client_auth_subject_dn
    try:
        if name is not None and not list(x509.Name.from_rfc4514_string(name)):
            raise ValueError("empty")
    except ValueError:
        what = "is not a distinguished name"
        yield Finding(("auth", "tls_client_auth_subject_dn"), what, "write it as RFC 4514 does: CN=app,O=Example,C=DE")


def _assertions(shape: ClientShape) -> Iterable[Finding]:
    if shape.assertion_audience is not None and shape.auth.method != "private_key_jwt":
        yield Finding(("assertion_audience",), "belongs to the method `private_key_jwt`", "remove it")
    elif shape.assertion_audience == "token_endpoint" and shape.profile == "fapi2":
        what = "an assertion of `profile: fapi2` is for the issuer alone"
        yield Finding(("assertion_audience",), what, "remove it, or write issuer")


def _proxy(shape: ClientShape, context: Context) -> Iterable[Finding]:
    """Certificates come from a proxy; one that lets unverified ones pass must say which are verified."""
    if not context.deployed:
        return
    method = shape.auth.method
    remedy = "add `mtls: {header: X-SSL-Client-Cert}` to broker.yaml, for the proxy in front"
    if context.certificates is None and method in _BY_CERTIFICATE:
        yield Finding(("auth", "method"), "nobody tells us the certificates of clients", remedy)
    elif context.certificates is None and shape.mtls_bound:
        yield Finding(("mtls_bound",), "nobody tells us the certificates of clients", remedy)
    elif method == "self_signed_tls_client_auth" and context.certificates and not context.certificates.verify_header:
        what = "a proxy that lets self-signed certificates pass must say which ones it verified"
        yield Finding(("auth", "method"), what, _VERIFY)


def named_certificates(
    clients: list[tuple[Read[ClientShape], ClientShape]], certificates: ClientCertificates | None
) -> Iterator[Problem]:
    """Where one client's tokens are bound to whatever certificate it has, the proxy lets whatever certificate pass."""
    if certificates is None or certificates.verify_header:
        return
    bound = [one.client_id for _, one in clients if one.mtls_bound and one.auth.method not in _BY_CERTIFICATE]
    for read, client in clients:
        if bound and client.auth.method == "tls_client_auth":
            what = f"a proxy that lets any certificate of `{bound[0]}` pass must say which ones it verified"
            yield from read.problem(("auth", "method"), what, _VERIFY)


def _sender(shape: ClientShape) -> Iterable[Finding]:
    """FAPI 2.0 Security Profile §5.3.2.1"""
    if shape.profile != "fapi2":
        return
    if shape.auth.method not in _STRONG:
        yield Finding(("auth", "method"), "is not allowed for `profile: fapi2`", f"use {', '.join(_STRONG)}")
    if not shape.mtls_bound and shape.dpop in {"never", "optional"}:
        what = "every token of `profile: fapi2` is bound to its sender"
        yield Finding(("dpop",), what, "write `dpop: required`, or `mtls_bound: true`")
