"""The ways to spoil what a provider sends: each returns, or is, a function that turns the switches of an OidcOp."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

from joserfc.jwk import OctKey, RSAKey

from tests.idps.oidc_op import Members, OidcOp, b64, compact, half_hash, part

Spoil = Callable[[OidcOp], None]

STRANGER = RSAKey.generate_key(2048, {"kid": "stranger"})
SHARED = OctKey.import_key(b"0123456789abcdef0123456789abcdef", {"kid": "shared", "use": "sig", "alg": "HS256"})


def nothing(_: OidcOp) -> None:
    """The provider behaves."""


def answer(**changes: str | tuple[str, ...] | None) -> Spoil:
    return lambda op: op.switches.answer.update(changes)


def claim(name: str, value: object) -> Spoil:
    return lambda op: op.switches.claims.update({name: value})


def ago(name: str, seconds: int) -> Spoil:
    """The claim lies that many seconds back; negative: ahead."""
    return lambda op: op.switches.claims.update({name: int(time.time()) - seconds})


def header(**changes: object) -> Spoil:
    return lambda op: op.switches.header.update(changes)


def signed(make: Callable[[OidcOp, Members, Members], str]) -> Spoil:
    """The whole ID token is made by `make(op, header, claims)`."""
    return lambda op: setattr(op.switches, "sign", lambda head, body: make(op, head, body))


def token(**changes: object) -> Spoil:
    return lambda op: op.switches.token.update(changes)


def token_as(status: int, media_type: str, body: bytes) -> Spoil:
    return lambda op: setattr(op.switches, "token_as", (status, media_type, body))


def userinfo_as(media_type: str, body: bytes) -> Spoil:
    return lambda op: setattr(op.switches, "userinfo_as", (200, media_type, body))


def both(*spoils: Spoil) -> Spoil:
    def spoil(op: OidcOp) -> None:
        for one in spoils:
            one(op)

    return spoil


def other_issuer(op: OidcOp) -> None:
    op.switches.answer["iss"] = "https://honest.example"


def silent_about_itself(op: OidcOp) -> None:
    """Metadata without the RFC 9207 member, and another issuer in the answer all the same."""
    op.switches.metadata["authorization_response_iss_parameter_supported"] = None
    other_issuer(op)


def slash_behind(name: str) -> Spoil:
    return lambda op: (op.switches.answer if name == "answer" else op.switches.claims).update(iss=op.issuer + "/")


def twice_the_issuer(op: OidcOp) -> None:
    op.switches.answer["iss"] = (op.issuer, op.issuer)


def attackers_code(*, pkce: bool) -> Spoil:
    """A code from the attacker's own sign-in at the same provider, put into the victim's callback."""

    def spoil(op: OidcOp) -> None:
        op.switches.pkce = pkce
        op.switches.asked.update(nonce="the attacker's", code_challenge=b64(b"x" * 32))

    return spoil


def hmac_with(secret: Callable[[OidcOp], bytes]) -> Spoil:
    def make(op: OidcOp, head: Members, body: Members) -> str:
        text = f"{part({**head, 'alg': 'HS256'})}.{part(body)}"
        return f"{text}.{b64(hmac.digest(secret(op), text.encode(), hashlib.sha256))}"

    return signed(make)


def public_pem(op: OidcOp) -> bytes:
    return op.rsa.as_pem(private=False)


def public_jwk(op: OidcOp) -> bytes:
    return json.dumps(op.rsa.as_dict(private=False)).encode()


def oct_in_the_key_set(op: OidcOp) -> None:
    op.switches.metadata["id_token_signing_alg_values_supported"] = ["HS256", "none"]
    op.switches.jwks = json.dumps({"keys": [SHARED.as_dict(), op.rsa.as_dict(private=False)]}).encode()
    signed(lambda _, head, body: compact({**head, "alg": "HS256", "kid": "shared"}, body, SHARED))(op)


def brought_key(member: str, value: object) -> Spoil:
    """A stranger's token that says in its header where, or what, its key is; `{op}` stands for the provider."""

    def make(op: OidcOp, head: Members, body: Members) -> str:
        told = value.replace("{op}", op.issuer) if isinstance(value, str) else value
        return compact({**head, "kid": "stranger", member: told}, body, STRANGER)

    return signed(make)


def signature(raw: bytes) -> Spoil:
    return signed(lambda op, head, body: f"{part({**head, 'alg': 'ES256', 'kid': 'op-ec'})}.{part(body)}.{b64(raw)}")


def whole(change: Callable[[str], str]) -> Spoil:
    return signed(lambda op, head, body: change(compact(head, body, op.rsa)))


def twice_the_subject(op: OidcOp, head: Members, body: Members) -> str:
    return compact(head, json.dumps(body).encode()[:-1] + b',"sub":"admin"}', op.rsa)


def twice_the_algorithm(op: OidcOp, head: Members, body: Members) -> str:
    return compact(b'{"alg":"none",' + json.dumps(head).encode()[1:], body, op.rsa)


def other_half_hash(op: OidcOp) -> None:
    op.switches.claims["at_hash"] = half_hash("another access token")


def unsigned(alg: object) -> Spoil:
    return signed(lambda _, head, body: f"{part({**head, 'alg': alg})}.{part(body)}.")
