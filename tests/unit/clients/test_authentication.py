"""One registered method, one secret, no second chance (RFC 6749 §2.3)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from broker.clients import Assertions, Authentication, Certificate, ClientKeys, Presented, Workloads
from broker.errors import BrokerError, InvalidClient, InvalidRequest
from broker.model import ApplicationAuth, CertificateName, Client, Secret
from tests.unit.clients.certificates import certified
from tests.unit.clients.signing import ISSUER, JWT_BEARER, NOW, Marks, assertion, jwks, key, refused
from tests.unit.grants.house import Published

SUBJECT = CertificateName("subject_dn", "CN=app,O=Example")
SECRET = "p%40ss+word/with:colon-and-32-characters"


def client(name: str, method: str, secret: str | None = SECRET) -> Client:
    return Client(name, name, (), ApplicationAuth(method, Secret(secret) if secret is not None else None))


CLIENTS = {
    one.client_id: one
    for one in (
        client("basic", "client_secret_basic"),
        client("a b:c", "client_secret_basic"),
        client("post", "client_secret_post"),
        client("public", "none", None),
        client("unset", "client_secret_post", None),
        client("empty", "client_secret_post", ""),
        Client("signer", "signer", (), ApplicationAuth("private_key_jwt", jwks=jwks(key("client")))),
        Client("pinned", "pinned", (), ApplicationAuth("self_signed_tls_client_auth", jwks=jwks(key("tls")))),
        Client("named", "named", (), ApplicationAuth("tls_client_auth", certificate=SUBJECT)),
        Client("nameless", "nameless", (), ApplicationAuth("tls_client_auth")),
    )
}


def authentication() -> Authentication:
    marks, clock = Marks(), lambda: NOW
    nowhere: Any = Published()
    keys = ClientKeys(nowhere, clock)
    workloads = Workloads(ISSUER, nowhere, marks.once, clock)
    return Authentication(Assertions(ISSUER, keys.keyset, marks.once, clock), workloads, keys.keyset)


AUTHENTICATE = authentication()


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def prove(
    form: Mapping[str, str | tuple[str, ...]] | None = None,
    authorization: str | None = None,
    query: Mapping[str, tuple[str, ...]] | None = None,
    certificate: Certificate | None = None,
) -> str:
    values = {name: value if isinstance(value, tuple) else (value,) for name, value in (form or {}).items()}
    return AUTHENTICATE(CLIENTS, Presented(authorization, values, query or {}, certificate)).client.client_id


def test_each_method_proves_its_client() -> None:
    assert prove(authorization=basic("basic", "p%2540ss%2Bword%2Fwith%3Acolon-and-32-characters")) == "basic"
    assert prove(authorization=basic("a+b%3Ac", SECRET)) == "a b:c"
    assert prove({"client_id": "post", "client_secret": SECRET}) == "post"
    assert prove({"client_id": "public"}) == "public"


def test_a_secret_that_was_not_form_encoded_counts_as_it_is() -> None:
    assert prove(authorization=basic("basic", SECRET)) == "basic"


def test_an_empty_secret_is_as_if_omitted() -> None:
    """TK-14"""
    assert prove({"client_id": "public", "client_secret": ""}) == "public"


Row = tuple[str, dict[str, str | tuple[str, ...]], str | None, type[BrokerError], str]
REFUSED: list[Row] = [
    ("TK-09 nothing", {}, None, InvalidClient, "client_missing"),
    ("TK-09 unknown", {"client_id": "nobody", "client_secret": SECRET}, None, InvalidClient, "client_unknown"),
    ("TK-09 wrong secret", {"client_id": "post", "client_secret": "x"}, None, InvalidClient, "client_secret"),
    ("TK-09 wrong Basic secret", {}, basic("basic", "x"), InvalidClient, "client_secret"),
    (
        "TK-10 Basic and body",
        {"client_id": "basic", "client_secret": SECRET},
        basic("basic", SECRET),
        InvalidRequest,
        "client_methods",
    ),
    ("TK-10 Basic and assertion", {"client_assertion": "e"}, basic("basic", SECRET), InvalidRequest, "client_methods"),
    ("TK-11 post for basic", {"client_id": "basic", "client_secret": SECRET}, None, InvalidClient, "client_method"),
    ("TK-11 Basic for post", {}, basic("post", SECRET), InvalidClient, "client_method"),
    (
        "TK-11 assertion",
        {"client_id": "post", "client_assertion": "e30.e30.", "client_assertion_type": JWT_BEARER},
        None,
        InvalidClient,
        "client_method",
    ),
    ("TK-11 secret for a signer", {"client_id": "signer", "client_secret": "x"}, None, InvalidClient, "client_method"),
    ("assertion without its type", {"client_assertion": "e30.e30."}, None, InvalidClient, "assertion_type"),
    ("type without its assertion", {"client_assertion_type": JWT_BEARER}, None, InvalidClient, "assertion_type"),
    (
        "another type of assertion",
        {"client_assertion": "e30.e30.", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2"},
        None,
        InvalidClient,
        "assertion_type",
    ),
    (
        "assertion of nobody",
        {"client_assertion": "x", "client_assertion_type": JWT_BEARER},
        None,
        InvalidClient,
        "assertion_malformed",
    ),
    (
        "SPIFFE's type for a signer",
        {
            "client_id": "signer",
            "client_assertion": "e30.e30.",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
        },
        None,
        InvalidClient,
        "client_method",
    ),
    ("no certificate", {"client_id": "named"}, None, InvalidClient, "certificate_missing"),
    ("confidential without a secret", {"client_id": "post"}, None, InvalidClient, "client_method"),
    ("public with a secret", {"client_id": "public", "client_secret": "x"}, None, InvalidClient, "client_method"),
    ("TK-12 another client_id", {"client_id": "post"}, basic("basic", SECRET), InvalidClient, "client_mismatch"),
    ("TK-13 no colon", {}, "Basic YWJj", InvalidClient, "client_basic"),
    ("TK-13 bad base64", {}, "Basic %%%", InvalidClient, "client_basic"),
    ("TK-13 not ASCII", {}, "Basic ä", InvalidClient, "client_basic"),
    ("TK-13 not UTF-8", {}, "Basic " + base64.b64encode(b"\xff:x").decode(), InvalidClient, "client_basic"),
    ("TK-13 1 MB", {}, "Basic " + "A" * 1_000_000, InvalidClient, "client_basic"),
    ("TK-13 Bearer", {}, "Bearer x", InvalidClient, "client_basic"),
    ("TK-14 unset secret", {"client_id": "unset", "client_secret": "None"}, None, InvalidClient, "client_secret"),
    (
        "TK-14 empty configured secret",
        {"client_id": "empty", "client_secret": " "},
        None,
        InvalidClient,
        "client_secret",
    ),
    ("repeated", {"client_id": ("post", "post"), "client_secret": SECRET}, None, InvalidRequest, "repeated"),
]


@pytest.mark.parametrize(
    ("form", "header", "kind", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_client_that_does_not_prove_itself_is_refused(
    form: dict[str, str | tuple[str, ...]], header: str | None, kind: type[BrokerError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        prove(form, header)
    assert caught.value.reason == reason


def test_an_empty_configured_secret_never_proves_anything() -> None:
    """TK-14: not even by the empty Basic secret."""
    clients = {"empty": client("empty", "client_secret_basic", "")}
    with pytest.raises(InvalidClient) as caught:
        AUTHENTICATE(clients, Presented(basic("empty", ""), {}, {}))
    assert caught.value.reason == "client_secret"


@pytest.mark.parametrize("name", ["client_secret", "code", "refresh_token", "token"])
def test_a_secret_in_the_url_is_refused(name: str) -> None:
    """TK-15"""
    with pytest.raises(InvalidRequest) as caught:
        prove({"client_id": "public"}, query={name: ("x",)})
    assert caught.value.reason == "secret_in_query"


def test_an_assertion_proves_its_client_with_client_id_and_without() -> None:
    signed = {"client_assertion_type": JWT_BEARER, "client_assertion": assertion("signer")}
    assert prove(signed) == "signer"
    assert prove({**signed, "client_assertion": assertion("signer"), "client_id": "signer"}) == "signer"


def test_an_assertion_of_another_client_is_no_proof() -> None:
    """TK-12: and an unknown client looks like a wrong signature from outside."""
    with refused("assertion_iss", InvalidClient):
        prove({"client_id": "signer", "client_assertion_type": JWT_BEARER, "client_assertion": assertion("post")})
    texts = []
    for name, signed in (("nobody", assertion("nobody")), ("signer", assertion("signer", key("stranger")))):
        with pytest.raises(InvalidClient) as caught:
            prove({"client_id": name, "client_assertion_type": JWT_BEARER, "client_assertion": signed})
        texts.append((caught.value.code, caught.value.status, caught.value.public))
    assert texts[0] == texts[1]


def test_a_certificate_proves_the_client_that_bears_its_name_or_its_key() -> None:
    """RFC 8705 §2"""
    own, other = certified("CN=app,O=Example", "tls"), certified("CN=other,O=Example", "other")
    assert prove({"client_id": "named"}, certificate=own) == "named"
    assert prove({"client_id": "pinned"}, certificate=certified("CN=whatever", "tls", verified=False)) == "pinned"
    with refused("certificate_name", InvalidClient):
        prove({"client_id": "named"}, certificate=other)
    with refused("certificate_name", InvalidClient):
        prove({"client_id": "nameless"}, certificate=own)
    with refused("certificate_unverified", InvalidClient):
        prove({"client_id": "named"}, certificate=certified("CN=app,O=Example", "tls", verified=False))
    with refused("certificate_key", InvalidClient):
        prove({"client_id": "pinned"}, certificate=other)
    with refused("client_method", InvalidClient):
        prove({"client_id": "named", "client_secret": SECRET}, certificate=own)
    assert prove({"client_id": "public"}, certificate=other) == "public"
