"""What a hostile or broken OpenID provider, or somebody in the browser, may send, and the one reason it is refused for.

`spoil` turns a provider's switches before the browser goes there, so the same table runs against the connector alone
and over HTTP. Row ids are those of the attack catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.attacks.oidc.spoils import (
    STRANGER,
    Spoil,
    ago,
    answer,
    attackers_code,
    both,
    brought_key,
    claim,
    header,
    hmac_with,
    nothing,
    oct_in_the_key_set,
    other_half_hash,
    other_issuer,
    public_jwk,
    public_pem,
    signature,
    signed,
    silent_about_itself,
    slash_behind,
    token,
    token_as,
    twice_the_algorithm,
    twice_the_issuer,
    twice_the_subject,
    unsigned,
    userinfo_as,
    whole,
)
from tests.idps.oidc_op import compact, half_hash, part


@dataclass(frozen=True)
class Case:
    row: str
    name: str
    reason: str
    spoil: Spoil
    method: str = "GET"  # how the browser brings the answer
    prompt: str | None = None  # `login`: the client asked for fresh authentication
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")  # of the IdP's settings

    @property
    def id(self) -> str:
        return f"{self.row} {self.name}"


BEFORE_THE_CODE = {"response_mode", "implicit", "state", "issuer", "upstream_error", "code"}


def _each(row: str, what: str, reason: str, values: dict[str, object], spoil: Callable[[object], Spoil]) -> list[Case]:
    return [Case(row, f"{what} {name}", reason, spoil(value)) for name, value in values.items()]


RESPONSE = [
    Case("RP-01", "state missing", "state", answer(state=None)),
    Case("RP-01", "state empty", "state", answer(state="")),
    Case("RP-01", "state repeated", "state", answer(state=("a", "b"))),
    Case("RP-07", "code of an honest IdP", "issuer", other_issuer),
    Case("RP-07", "code of an honest IdP, metadata silent", "issuer", silent_about_itself),
    Case("RP-08", "iss missing though announced", "issuer", answer(iss=None)),
    Case("RP-08", "iss repeated", "issuer", twice_the_issuer),
    Case("RP-08", "iss with a slash behind it", "issuer", slash_behind("answer")),
    Case("RP-08", "iss empty", "issuer", answer(iss="")),
    Case("RP-09", "error from another issuer", "issuer", both(other_issuer, answer(error="access_denied", code=None))),
    Case("RP-09", "error without state", "state", answer(error="access_denied", state=None)),
    Case(
        "RP-10",
        "error with a hostile description",
        "upstream_error",
        answer(error="access_denied", error_description="<script>\r\nSet-Cookie: a=b" + "x" * 9000, code=None),
    ),
    Case("RP-10", "error that is no code", "upstream_error", answer(error="<script>\r\n" + "x" * 9000)),
    Case("RP-11", "attacker's code, PKCE at the IdP", "token_error", attackers_code(pkce=True)),
    Case("RP-11", "attacker's code, IdP without PKCE", "nonce", attackers_code(pkce=False)),
    Case("RP-12", "code repeated", "code", answer(code=("a", "b"))),
    Case("RP-12", "code missing", "code", answer(code=None)),
    Case("RP-13", "answer by POST", "response_mode", nothing, method="POST"),
    Case("RP-14", "ID token in the query", "implicit", answer(id_token="a.b.c")),
    Case("RP-14", "access token in the query", "implicit", answer(access_token="a")),
    Case("RP-74", "no id_token", "token_response", token(id_token=None)),
    Case("RP-74", "no token_type", "token_response", token(token_type=None)),
    Case("RP-74", "other token_type", "token_response", token(token_type="mac")),
    Case("RP-74", "error with status 200", "token_error", token(error="invalid_grant")),
    Case("RP-74", "HTML", "token_response", token_as(200, "text/html", b"<html>")),
    Case("RP-74", "an access token that would break a header", "token_response", token(access_token="a\r\nX: y")),
    Case("RP-74", "a repeated member", "token_response", token_as(200, "application/json", b'{"a":1,"a":2}')),
]

STRUCTURE = [
    *_each("RP-18", "alg", "alg", {repr(alg): alg for alg in ("none", "None", "nOnE", "", None)}, unsigned),
    Case("RP-18", "alg missing", "alg", signed(lambda op, head, body: compact({"typ": "JWT"}, body, op.rsa))),
    Case("RP-18", "empty signature", "signature", whole(lambda made: made.rsplit(".", 1)[0] + ".")),
    Case("RP-19", "HS256 with the public key as PEM", "alg", hmac_with(public_pem)),
    Case("RP-19", "HS256 with the public key as JWK", "alg", hmac_with(public_jwk)),
    Case("RP-20", "HS256 with the client secret", "alg", hmac_with(lambda op: op.client_secret.encode())),
    Case("RP-21", "symmetric key in the key set", "alg", oct_in_the_key_set),
    Case(
        "RP-22",
        "ES256 where RS256 is pinned",
        "alg",
        signed(lambda op, head, body: compact({**head, "alg": "ES256", "kid": "op-ec"}, body, op.ec)),
        algorithms=("RS256",),
    ),
    Case("RP-22", "RS512", "alg", signed(lambda op, head, body: compact({**head, "alg": "RS512"}, body, op.rsa))),
    Case("RP-23", "key in the header", "key", brought_key("jwk", STRANGER.as_dict(private=False))),
    Case("RP-24", "jku", "key", brought_key("jku", "{op}/strangers-jwks")),
    Case("RP-24", "x5u", "key", brought_key("x5u", "{op}/strangers-certificate")),
    Case("RP-25", "x5c", "key", brought_key("x5c", ["MIIB"])),
    *_each(
        "RP-26",
        "kid",
        "key",
        {
            "path": "../../../../dev/null",
            "SQL": "' OR 1=1 --",
            "NUL": "a\x00b",
            "10 KB": "k" * 10_240,
            "number": 7,
            "array": ["op-rsa"],
            "empty": "",
        },
        lambda kid: header(kid=kid),
    ),
    Case("RP-32", "crit unknown", "crit", header(crit=["x"], x=1)),
    Case("RP-32", "crit b64", "crit", header(crit=["b64"], b64=False)),
    *_each(
        "RP-33",
        "typ",
        "typ",
        {name: name for name in ("logout+jwt", "at+jwt", "dpop+jwt", "application/logout+jwt")},
        lambda typ: header(typ=typ),
    ),
    Case(
        "RP-33",
        "a logout token without typ",
        "nonce",
        both(
            header(typ=None),
            claim("nonce", None),
            claim("events", {"http://schemas.openid.net/event/backchannel-logout": {}}),
        ),
    ),
    Case(
        "RP-34",
        "encrypted",
        "unsupported",
        signed(lambda op, head, body: f"{part({'alg': 'dir', 'enc': 'A128GCM'})}..aa.aa.aa"),
    ),
    Case("RP-35", "huge header", "size", header(x="x" * 200_000)),
    Case("RP-35", "huge signature", "size", whole(lambda made: made + "A" * 200_000)),
    *(
        Case("RP-36", name, "malformed", whole(change))
        for name, change in {
            "two parts": lambda made: made.rsplit(".", 1)[0],
            "four parts": lambda made: made + ".",
            "padding": lambda made: made + "==",
            "a space": lambda made: " " + made,
            "standard alphabet": lambda made: made.rsplit(".", 1)[0] + ".+/+/",
            "JSON form": lambda made: json.dumps({"payload": made.split(".")[1]}),
        }.items()
    ),
    Case("RP-37", "sub twice", "json", signed(twice_the_subject)),
    Case("RP-37", "alg twice", "json", signed(twice_the_algorithm)),
    *(
        Case("RP-38", name, "signature", signature(raw))
        for name, raw in {
            "zero": bytes(64),
            "r zero": bytes(32) + b"\x01" * 32,
            "DER": b"\x30\x06\x02\x01\x01\x02\x01\x01",
            "short": b"\x01" * 63,
            "long": b"\x01" * 65,
        }.items()
    ),
    Case(
        "RP-38",
        "signed by a stranger under our key's name",
        "signature",
        signed(lambda op, head, body: compact(head, body, STRANGER)),
    ),
]

CLAIMS = [
    Case("RP-15", "nonce missing", "nonce", claim("nonce", None)),
    Case("RP-16", "nonce of another session", "nonce", claim("nonce", "another")),
    Case("RP-16", "nonce in a list", "nonce", claim("nonce", ["n"])),
    Case("RP-16", "nonce beyond ASCII", "nonce", claim("nonce", "ñ")),
    Case("RP-17", "nonce_supported false", "nonce", both(claim("nonce", None), claim("nonce_supported", False))),
    Case("RP-39", "iss with a slash behind it", "iss", slash_behind("claims")),
    Case("RP-39", "iss in other case", "iss", lambda op: op.switches.claims.update(iss=op.issuer.upper())),
    Case("RP-39", "iss cut short", "iss", lambda op: op.switches.claims.update(iss=op.issuer[:-1])),
    Case("RP-39", "iss in a list", "iss", lambda op: op.switches.claims.update(iss=[op.issuer])),
    Case("RP-40", "iss missing", "iss", claim("iss", None)),
    *_each(
        "RP-43",
        "aud",
        "aud",
        {"missing": None, "other": "other", "empty list": [], "number": 7},
        lambda aud: claim("aud", aud),
    ),
    Case("RP-43", "aud other, azp us", "aud", both(claim("aud", "other"), lambda op: claim("azp", op.client_id)(op))),
    Case("RP-44", "aud with a stranger", "aud", lambda op: claim("aud", [op.client_id, "other"])(op)),
    Case(
        "RP-44",
        "aud with a stranger, azp us",
        "aud",
        lambda op: op.switches.claims.update(aud=[op.client_id, "other"], azp=op.client_id),
    ),
    Case("RP-45", "azp other", "azp", claim("azp", "other")),
    Case("RP-46", "ID token of another client", "aud", claim("aud", "the-idps-other-client")),
    Case("RP-47", "access token as ID token", "typ", both(header(typ="at+jwt"), claim("aud", "https://api.example"))),
    Case(
        "RP-47",
        "access token without typ as ID token",
        "aud",
        both(header(typ=None), claim("aud", "https://api.example")),
    ),
    Case("RP-48", "exp past", "exp", ago("exp", 300)),
    *_each(
        "RP-48",
        "exp",
        "exp",
        {
            "missing": None,
            "text": "2000000000",
            "fraction": 2e9 + 0.5,
            "huge": 10**30,
            "far": 10**11,
            "negative": -1,
            "boolean": True,
        },
        lambda exp: claim("exp", exp),
    ),
    Case("RP-49", "iat ahead", "iat", ago("iat", -600)),
    Case("RP-49", "iat years old", "iat", ago("iat", 10 * 365 * 86400)),
    Case("RP-49", "iat before we asked", "iat", ago("iat", 600)),
    *_each("RP-49", "iat", "iat", {"missing": None, "text": "1", "boolean": True}, lambda iat: claim("iat", iat)),
    Case("RP-50", "nbf ahead", "nbf", ago("nbf", -600)),
    Case("RP-50", "nbf text", "nbf", claim("nbf", "1")),
    Case("RP-52", "auth_time missing", "auth_time", claim("auth_time", None), prompt="login"),
    Case("RP-52", "auth_time old", "auth_time", ago("auth_time", 3600), prompt="login"),
    Case("RP-52", "auth_time ahead", "auth_time", ago("auth_time", -3600), prompt="login"),
    Case("RP-52", "auth_time text", "auth_time", claim("auth_time", "now")),
    Case("RP-54", "at_hash of another token", "at_hash", other_half_hash),
    Case("RP-54", "at_hash without access token", "at_hash", token(access_token=None)),
    Case("RP-54", "at_hash number", "at_hash", claim("at_hash", 7)),
    Case("RP-54", "c_hash of another code", "c_hash", claim("c_hash", half_hash("another code"))),
    *_each(
        "RP-55",
        "sub",
        "sub",
        {
            "missing": None,
            "empty": "",
            "number": 7,
            "object": {"a": 1},
            "256 characters": "s" * 256,
            "control": "a\nb",
            "NUL": "a\x00",
        },
        lambda sub: claim("sub", sub),
    ),
    Case("RP-56", "userinfo of somebody else", "userinfo_sub", lambda op: op.switches.userinfo.update(sub="bob")),
    Case("RP-56", "userinfo without sub", "userinfo_sub", lambda op: op.switches.userinfo.update(sub=None)),
    Case("RP-57", "userinfo as HTML", "userinfo", userinfo_as("text/html", b"<html>")),
    Case("RP-57", "userinfo as JWT", "userinfo", userinfo_as("application/jwt", b"a.b.c")),
    Case("RP-57", "userinfo a list", "userinfo", userinfo_as("application/json", b"[]")),
]

CASES = [*RESPONSE, *STRUCTURE, *CLAIMS]
