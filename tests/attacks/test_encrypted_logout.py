"""Rows SE-02 to SE-15 where an IdP's LogoutRequest names the person in an EncryptedID: opened last, refused alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.test_single_logout import EVENT, IDP, KEY, get, leaving, post, sessions, told
from tests.attacks.world import World
from tests.idps.saml_encryptor import CBC256, GCM128, OAEP11, RSA15, Envelope
from tests.idps.saml_logout import Leaving
from tests.idps.saml_signer import PERSISTENT, SAML, signer

GENERIC = "Your organisation's identity provider did not give a valid answer."
NAME = f'<saml:NameID xmlns:saml="{SAML}" Format="{PERSISTENT}">anna</saml:NameID>'


def sealed(world: World, plain: str = NAME, tag: str = "EncryptedID", **how: Any) -> str:
    return Envelope(world.sp()).but(**how).seal(plain.encode(), tag)


def encrypted(world: World, plain: str = NAME, tag: str = "EncryptedID", **how: Any) -> Leaving:
    return leaving(world, named=sealed(world, plain, tag, **how))


def spoiled(ciphertext: bytes) -> bytes:
    return ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])


@pytest.mark.parametrize(
    "how", [{}, {"content": GCM128, "ids": True}, {"transport": OAEP11, "digest": "sha256", "mask": "sha256"}]
)
def test_encrypted_name_ends_the_person_s_sessions(fresh: World, how: dict[str, Any]) -> None:
    """SE-12, by redirect and by form."""
    for send in (lambda made: get(fresh, made.query(KEY)), lambda made: post(fresh, made.form(KEY))):
        fresh.signed_in("contoso", IDP)
        assert told(send(encrypted(fresh, **how))) == ["Success"]
        assert not sessions(fresh)


def test_encrypted_name_of_somebody_else_ends_nobody(secure: World) -> None:
    secure.signed_in("contoso", IDP)
    before = sessions(secure)
    other = encrypted(secure, NAME.replace("anna", "berta"))
    assert told(get(secure, other.query(KEY))) == ["Requester", "UnknownPrincipal"]
    assert sessions(secure) == before


def cipher_reference(world: World) -> Leaving:
    named = sealed(world)
    start, end = named.rindex("<xenc:CipherData>"), named.rindex("</xenc:EncryptedData>")
    reference = '<xenc:CipherData><xenc:CipherReference URI="file:///etc/passwd"/></xenc:CipherData>'
    return leaving(world, named=named[:start] + reference + named[end:])


def to(whose: str) -> Callable[[World], Leaving]:
    return lambda world: leaving(world, named=Envelope(signer(whose)).seal(NAME.encode(), "EncryptedID"))


ROWS: list[tuple[str, str, Callable[[World], Leaving]]] = [
    ("SE-05 two names", "decryption", lambda world: encrypted(world, NAME * 2)),
    ("SE-05 text", "decryption", lambda world: encrypted(world, "anna")),
    ("SE-05 an assertion", "decryption", lambda world: encrypted(world, f'<saml:Assertion xmlns:saml="{SAML}"/>')),
    ("SE-06 CipherReference", "encryption_shape", cipher_reference),
    ("SE-08 changed", "decryption", lambda world: encrypted(world, spoil=spoiled)),
    ("SE-09 RSA1_5", "algorithm", lambda world: encrypted(world, transport=RSA15)),
    ("SE-10 CBC", "algorithm", lambda world: encrypted(world, content=CBC256)),
    ("SE-12 another element", "encryption_unsupported", lambda world: encrypted(world, tag="EncryptedAttribute")),
    ("SE-12 an assertion's holder", "encryption_unsupported", lambda world: encrypted(world, tag="EncryptedAssertion")),
    ("SE-12 beside a plain one", "schema", lambda world: leaving(world, named=NAME + sealed(world))),
    ("SE-14 not XML", "decryption", lambda world: encrypted(world, NAME.replace("</saml:NameID>", "<anna-secret"))),
    ("SE-15 another's key", "decryption", to("idp")),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "build"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_bad_ciphertext_ends_no_session(secure: World, reason: str, build: Callable[[World], Leaving]) -> None:
    if not sessions(secure):
        secure.signed_in("contoso", IDP)
    made = build(secure)
    answer = secure.assert_refused(lambda: get(secure, made.query(KEY)), reason, EVENT)
    assert "anna" not in answer.text
    if reason == "decryption":
        assert (answer.status_code, GENERIC in answer.text.replace("&#39;", "'")) == (400, True)


@pytest.mark.parametrize("by_form", [False, True])
def test_nothing_is_opened_for_somebody_who_did_not_sign(
    secure: World, monkeypatch: pytest.MonkeyPatch, by_form: bool
) -> None:
    """SE-02: anybody can encrypt to our certificate."""
    made = encrypted(secure)
    stranger = signer("stranger")
    monkeypatch.setattr("broker.xml.decrypt.plain", lambda *_: pytest.fail("decrypted"))
    send = (lambda: post(secure, made.form(stranger))) if by_form else (lambda: get(secure, made.query(stranger)))
    secure.assert_refused(send, "signature_invalid", EVENT)


def test_answer_to_us_holds_nothing_encrypted(secure: World) -> None:
    """A LogoutResponse has no place for it."""
    made = leaving(secure, in_response_to="_x", status=f'<samlp:StatusCode Value="x"/>{sealed(secure)}')
    secure.assert_refused(lambda: get(secure, made.query(KEY, "state")), "encryption_unsupported", EVENT)
