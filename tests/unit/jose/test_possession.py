"""A token that carries its own key: what it proves, and the one reason for each thing that is not believed."""

from __future__ import annotations

import json

import pytest

from broker import jose
from broker.errors import TokenRejected
from broker.jose.compact import encode
from broker.jose.keys import ALGORITHMS

KEYS = {alg: jose.load("k", alg, jose.generate(alg)) for alg in ("ES256", "EdDSA", "PS256")}
DPOP = ("dpop+jwt",)


def made(alg: str = "ES256", jwk: object = None, **header: object) -> str:
    key = KEYS[alg]
    jwk = jwk if jwk is not None else dict(ALGORITHMS[alg].to_jwk(key.private.public_key(), as_dict=True))
    parts = [encode(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "dpop+jwt", "jwk": jwk, **header}, {})]
    text = ".".join(parts)
    return f"{text}.{encode(ALGORITHMS[alg].sign(text.encode(), key.private))}"


def reason(token: str, algorithms: tuple[str, ...] = ("ES256", "PS256", "EdDSA")) -> str:
    with pytest.raises(TokenRejected) as caught:
        jose.verified_by_own_key(token, algorithms, types=DPOP)
    return caught.value.reason


@pytest.mark.parametrize("alg", KEYS)
def test_a_token_proves_the_key_that_it_carries(alg: str) -> None:
    _, named = jose.verified_by_own_key(made(alg), ("ES256", "PS256", "EdDSA"), types=DPOP)
    assert named == jose.thumbprint(dict(ALGORITHMS[alg].to_jwk(KEYS[alg].private.public_key(), as_dict=True)))
    assert len(named) == 43


def test_the_thumbprint_is_that_of_the_standards_own_example() -> None:
    """RFC 8037 Appendix A.3; members that do not name the key change nothing."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "mine"}
    assert jose.thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_each_thing_that_is_not_believed_has_its_reason() -> None:
    """TK-50: private key in jwk, symmetric algorithm."""
    public = dict(ALGORITHMS["ES256"].to_jwk(KEYS["ES256"].private.public_key(), as_dict=True))
    stranger = jose.load("s", "ES256", jose.generate("ES256"))
    assert reason(made(jwk={**public, "d": "AA"})) == "jwk"
    assert reason(made(jwk="none")) == "jwk"
    assert reason(made(jwk={"kty": "oct", "k": "AA"})) == "jwk"
    assert reason(made(jwk={"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})) == "jwk"
    assert (
        reason(made("ES256", jwk=dict(ALGORITHMS["PS256"].to_jwk(KEYS["PS256"].private.public_key(), True)))) == "jwk"
    )
    assert reason(made(jwk=jose.public_jwk(stranger))) == "signature"
    assert reason(made(typ="jwt")) == "typ"
    assert reason(made(alg="ES256"), ("PS256",)) == "alg"
    assert reason("a.b") == "malformed"
