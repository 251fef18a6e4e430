"""What `verify` believes, and the one reason for each thing it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from broker.errors import TokenRejected
from broker.jose import (
    ALGORITHMS,
    KeySet,
    SigningKey,
    generate,
    left_half_hash,
    load,
    parse_jwks,
    peek,
    public_jwk,
    sign,
    verify,
)

KEYS = {alg: load(f"our-{alg}", alg, generate(alg)) for alg in ALGORITHMS}
CLAIMS = {"sub": "ana", "exp": 2_000_000_000, "name": "Ána"}
JWT = ("jwt", None)


def published(*keys: SigningKey, **changes: object) -> KeySet:
    return parse_jwks(json.dumps({"keys": [{**public_jwk(key), **changes} for key in keys]}).encode())


ALL = published(*KEYS.values())


def b64(value: object) -> str:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def forged(header: object, claims: object = CLAIMS, key: SigningKey = KEYS["ES256"]) -> str:
    """A token whose signature is good, whatever its header says."""
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(ALGORITHMS[key.alg].sign(text.encode(), key.private))}"


def reason(token: str, algorithms: tuple[str, ...] = ("ES256", "RS256"), keys: KeySet = ALL) -> str:
    with pytest.raises(TokenRejected) as rejected:
        verify(token, keys, algorithms, types=JWT)
    return rejected.value.reason


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_what_was_signed_verifies(alg: str) -> None:
    assert verify(sign(CLAIMS, KEYS[alg], "JWT"), ALL, [alg], types=JWT) == CLAIMS


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_a_published_key_holds_nothing_private(alg: str) -> None:
    assert set(public_jwk(KEYS[alg])) <= {"kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"}


@pytest.mark.parametrize(("alg", "other"), [("ES256", "RS256"), ("RS256", "EdDSA"), ("EdDSA", "ES256")])
def test_a_key_loads_only_for_its_own_algorithm(alg: str, other: str) -> None:
    with pytest.raises(ValueError, match=other):
        load("k", other, generate(alg))


def test_a_token_signed_by_another_key_of_the_same_name_is_refused() -> None:
    stranger = load("our-ES256", "ES256", generate("ES256"))
    assert reason(sign(CLAIMS, stranger, "JWT")) == "signature"


@pytest.mark.parametrize("change", [lambda t: t[:-8] + "AAAAAAAA", lambda t: t.rsplit(".", 1)[0] + "."])
def test_a_changed_signature_is_refused(change: Callable[[str], str]) -> None:
    assert reason(change(sign(CLAIMS, KEYS["ES256"], "JWT"))) == "signature"


@pytest.mark.parametrize(
    "raw", [bytes(64), b"\x00" * 32 + b"\x01" * 32, b"\xff" * 64, b"\x30\x06\x02\x01\x00\x02\x01\x00"]
)
def test_degenerate_ecdsa_signatures_are_refused(raw: bytes) -> None:
    text = sign(CLAIMS, KEYS["ES256"], "JWT").rsplit(".", 1)[0]
    assert reason(f"{text}.{b64(raw)}") == "signature"


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "RS512", "ES256K", "PS256", "", "es256"])
def test_only_the_pinned_algorithms_count(alg: str) -> None:
    assert reason(forged({"alg": alg, "kid": "our-ES256"})) == "alg"


@pytest.mark.parametrize("header", [{}, {"alg": None}, {"alg": 1}, {"alg": ["ES256"]}])
def test_a_header_without_an_algorithm_is_refused(header: object) -> None:
    assert reason(forged(header)) == "alg"


def test_a_symmetric_token_is_refused_even_where_its_algorithm_was_pinned() -> None:
    text = f"{b64({'alg': 'HS256'})}.{b64(CLAIMS)}"
    token = f"{text}.{b64(hmac.digest(json.dumps(public_jwk(KEYS['RS256'])).encode(), text.encode(), hashlib.sha256))}"
    assert reason(token, ("HS256", "ES256")) == "alg"


@pytest.mark.parametrize(
    "kid", ["nobody", "../../dev/null", "' OR 1=1 --", "a\x00b", "k" * 10_000, 7, ["our-ES256"], {}, ""]
)
def test_an_unknown_or_odd_key_id_finds_nothing(kid: object) -> None:
    assert reason(forged({"alg": "ES256", "kid": kid})) == "key"


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_not_used(member: str) -> None:
    stranger = load("s", "ES256", generate("ES256"))
    brought = {
        "jwk": public_jwk(stranger),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/c",
        "x5c": ["MII"],
    }
    assert reason(forged({"alg": "ES256", "kid": "s", member: brought[member]}, key=stranger)) == "key"
    assert reason(forged({"alg": "ES256", member: brought[member]}, key=stranger)) == "signature"


def test_a_token_without_a_key_id_is_tried_with_the_keys_that_fit() -> None:
    assert verify(forged({"alg": "ES256"}), ALL, ["ES256"], types=JWT) == CLAIMS


def test_a_token_that_names_its_key_by_thumbprint_only_finds_it() -> None:
    keys = published(KEYS["ES256"], kid="other", x5t="thumb")
    assert verify(forged({"alg": "ES256", "x5t": "thumb"}), keys, ["ES256"], types=JWT) == CLAIMS
    assert reason(forged({"alg": "ES256", "x5t": "unknown"}), keys=keys) == "key"


def test_a_token_that_names_no_key_costs_a_bounded_number_of_tries() -> None:
    keys = KeySet(published(KEYS["ES256"]).keys * 50)
    assert len(keys.find(None, "ES256")) == 10


@pytest.mark.parametrize("extra", [{"crit": ["x"]}, {"crit": ["b64"], "b64": False}, {"crit": []}, {"b64": False}])
def test_an_extension_is_refused(extra: dict[str, object]) -> None:
    assert reason(forged({"alg": "ES256", "kid": "our-ES256", **extra})) == "crit"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "application/logout+jwt", "dpop+jwt", "", 1, ["JWT"]])
def test_a_token_of_another_type_is_refused(typ: object) -> None:
    assert reason(forged({"alg": "ES256", "kid": "our-ES256", "typ": typ})) == "typ"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt"])
def test_the_type_is_compared_without_case_and_media_prefix(typ: str) -> None:
    assert verify(forged({"alg": "ES256", "typ": typ}), ALL, ["ES256"], types=JWT) == CLAIMS


def test_an_encrypted_token_is_unsupported() -> None:
    assert reason(f"{b64({'alg': 'PBES2-HS256+A128KW', 'enc': 'A128GCM', 'p2c': 10**9})}.a.b.c.d") == "unsupported"


def test_an_oversized_token_is_refused_before_it_is_decoded() -> None:
    assert reason("%" * 70_000) == "size"


GOOD = sign(CLAIMS, KEYS["ES256"], "JWT")
HEAD, BODY, SIG = GOOD.split(".")


@pytest.mark.parametrize(
    "token",
    ["", "a", f"{HEAD}.{BODY}", f"{GOOD}.", f"{HEAD}=.{BODY}.{SIG}", f" {GOOD}", f"{GOOD}\n", f"{HEAD}.{BODY}.{SIG}==",
     f"{HEAD}.{BODY}.{SIG[:-1]}+", f"{HEAD}.{BODY}.{SIG[:-2]}é", json.dumps({"payload": BODY}), f"{HEAD}.{BODY}.A"],
)  # fmt: skip
def test_another_spelling_of_a_token_is_malformed(token: str) -> None:
    assert reason(token) == "malformed"


def test_the_last_bits_of_a_part_are_not_loose() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = SIG[:-1] + alphabet[alphabet.index(SIG[-1]) ^ 1]
    assert base64.urlsafe_b64decode(loose + "==") == base64.urlsafe_b64decode(SIG + "==")
    assert reason(f"{HEAD}.{BODY}.{loose}") == "malformed"


@pytest.mark.parametrize(
    "payload",
    [b'{"sub":"a","sub":"b"}', b"[]", b'"x"', b"null", b"{", b'{"exp":NaN}', b'{"exp":1e999}', b'{"sub":"\\ud800"}',
     b'{"sub":"\xff"}', b"[" * 20_000, b'{"a":{"b":1,"b":2}}'],
)  # fmt: skip
def test_a_payload_that_is_not_one_unambiguous_object_is_refused(payload: bytes) -> None:
    assert reason(forged({"alg": "ES256", "kid": "our-ES256"}, payload)) == "json"


def test_a_repeated_member_of_the_header_is_refused() -> None:
    assert reason(forged(b'{"alg":"none","alg":"ES256"}')) == "json"


def test_peek_believes_nothing_and_shows_what_is_claimed() -> None:
    assert peek(forged({"alg": "HS256", "kid": "x"})).claims == CLAIMS


def test_left_half_hash_is_that_of_the_specification() -> None:
    """The example of OpenID Connect Core, appendix A.3."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert left_half_hash("RS256", token) == "77QmUPtjPfzWtF2AnpK9RQ"
    assert len(base64.urlsafe_b64decode(left_half_hash("EdDSA", token) + "==")) == 32


def test_a_private_key_does_not_show() -> None:
    assert "private" not in repr(KEYS["RS256"])
    assert "signing_input" not in repr(peek(GOOD))
