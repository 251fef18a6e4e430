"""DPoP proofs (RFC 9449 §4.3): for one request, of one moment, once. TK-50, a reason for each."""

from __future__ import annotations

from typing import Any

import pytest

from broker import jose
from broker.clients import Nonces, Proofs, Wanted
from broker.clients.dpop import WINDOW
from broker.errors import InvalidDpopProof, UseDpopNonce
from broker.seal import Seal
from tests.unit.clients.signing import ISSUER, NOW, Marks, jkt, key, proof, refused

TOKEN = Wanted("POST", f"{ISSUER}/token")


class Watch:
    def __init__(self) -> None:
        self.now = float(NOW)
        self.marks = Marks()
        self.nonces = Nonces(Seal(b"k" * 32), lambda: self.now)
        self.proofs = Proofs(self.nonces, self.marks.once, lambda: self.now)

    def verify(self, unverified: str, wanted: Wanted = TOKEN) -> str:
        return self.proofs.verify(unverified, wanted)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256", "RS256"])
def test_a_good_proof_names_the_key_of_its_sender(alg: str) -> None:
    assert Watch().verify(proof(key(f"dpop-{alg}", alg))) == jkt(key(f"dpop-{alg}", alg))


@pytest.mark.parametrize("apart", [-60, -10, 10, 15])
def test_a_proof_of_about_now_is_good(apart: int) -> None:
    """fapi2: iat 10 seconds before and after accepted"""
    Watch().verify(proof(iat=NOW + apart, nbf=NOW + apart, exp=NOW + apart + 60))


@pytest.mark.parametrize(
    "htu",
    [f"{ISSUER}/token?x=1#y", "HTTPS://LOGIN.EXAMPLE.COM/token", "https://login.example.com:443/token"],
)
def test_the_same_address_written_otherwise_is_the_same(htu: str) -> None:
    Watch().verify(proof(htu=htu))


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("wrong htm", {"htm": "GET"}, "dpop_htm"),
    ("htm in lower case", {"htm": "post"}, "dpop_htm"),
    ("no htm", {"htm": None}, "dpop_htm"),
    ("wrong htu", {"htu": f"{ISSUER}/userinfo"}, "dpop_htu"),
    ("htu of another host", {"htu": "https://evil.example/token"}, "dpop_htu"),
    ("htu of another port", {"htu": "https://login.example.com:8443/token"}, "dpop_htu"),
    ("htu over http", {"htu": "http://login.example.com/token"}, "dpop_htu"),
    ("htu with a user", {"htu": "https://x@login.example.com/token"}, "dpop_htu"),
    ("htu is no address", {"htu": "https://[/token"}, "dpop_htu"),
    ("no htu", {"htu": None}, "dpop_htu"),
    ("old iat", {"iat": NOW - 61}, "dpop_iat"),
    ("future iat", {"iat": NOW + 16}, "dpop_iat"),
    ("no iat", {"iat": None}, "dpop_iat"),
    ("iat is text", {"iat": "now"}, "dpop_iat"),
    ("expired", {"exp": NOW - 15}, "dpop_exp"),
    ("not yet", {"nbf": NOW + 16}, "dpop_nbf"),
    ("no jti", {"jti": None}, "dpop_jti"),
    ("private key in jwk", {"header": {"jwk": {**jose.public_jwk(key("holder")), "d": "AA"}}}, "dpop_jwk"),
    ("no jwk", {"header": {"jwk": None}}, "dpop_jwk"),
    ("another's jwk", {"header": {"jwk": jose.public_jwk(key("victim"))}}, "dpop_signature"),
    ("symmetric algorithm", {"header": {"alg": "HS256"}}, "dpop_alg"),
    ("alg none", {"header": {"alg": "none"}}, "dpop_alg"),
    ("an ordinary JWT", {"header": {"typ": "JWT"}}, "dpop_typ"),
    ("no typ", {"header": {"typ": None}}, "dpop_typ"),
]


@pytest.mark.parametrize(("changed", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_proof_that_is_wrong_refuses(changed: dict[str, Any], reason: str) -> None:
    watch = Watch()
    with refused(reason, InvalidDpopProof):
        watch.verify(proof(**changed))
    assert not watch.marks.seen, "what is refused uses nothing up"


def test_a_proof_is_good_once_and_remembered_as_long_as_it_is_good() -> None:
    """§11.1"""
    watch, sent = Watch(), proof(iat=NOW + 10)
    watch.verify(sent)
    with refused("dpop_replay", InvalidDpopProof):
        watch.verify(sent)
    assert list(watch.marks.until.values()) == [NOW + 71]


def test_one_name_under_another_key_is_another_proof() -> None:
    watch = Watch()
    watch.verify(proof(jti="same"))
    watch.verify(proof(key("other"), jti="same"))


def test_a_proof_for_a_token_is_for_no_other_token() -> None:
    """§7: ath missing, ath of another token"""
    wanted = Wanted("GET", f"{ISSUER}/userinfo", access_token="mine")
    assert Watch().verify(proof(access_token="mine"), wanted) == jkt()
    for sent in (proof(access_token="other"), proof(access_token="mine", ath=None)):
        with refused("dpop_ath", InvalidDpopProof):
            Watch().verify(sent, wanted)


def test_a_nonce_is_asked_for_and_good_in_its_window_and_the_next() -> None:
    """§8"""
    watch, wanted = Watch(), Wanted("POST", f"{ISSUER}/token", nonce=True)
    with pytest.raises(UseDpopNonce) as caught:
        watch.verify(proof(), wanted)
    nonce = caught.value.nonce
    assert caught.value.reason == "dpop_nonce"
    watch.verify(proof(nonce=nonce), wanted)
    watch.now += WINDOW
    watch.verify(proof(nonce=nonce, iat=watch.now), wanted)
    watch.now += WINDOW
    with refused("dpop_nonce", UseDpopNonce):
        watch.verify(proof(nonce=nonce, iat=watch.now), wanted)


@pytest.mark.parametrize("nonce", ["guessed", "ä", 7, ""])
def test_a_nonce_that_nobody_asked_for_must_be_ours_all_the_same(nonce: object) -> None:
    with refused("dpop_nonce", UseDpopNonce):
        Watch().verify(proof(nonce=nonce))


def test_nobody_can_make_a_nonce_of_another_installation() -> None:
    theirs = Nonces(Seal(b"x" * 32), lambda: NOW).fresh()
    with refused("dpop_nonce", UseDpopNonce):
        Watch().verify(proof(nonce=theirs))
