"""What was proven, in the broker's words: the ID token's claims, filled up from userinfo, flattened."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from broker.assurance import methods_of
from broker.connectors.chain import chain_of
from broker.errors import AssertionRejected
from broker.model import Identity, IdentityProvider, Value
from broker.outbound import Outbound

Claims = Mapping[str, object]

# about the token, not about the person
_ENVELOPE = frozenset({"iss", "aud", "exp", "iat", "nbf", "nonce", "jti", "azp", "at_hash", "c_hash", "s_hash"})
# what only a signed ID token may say
_PROTECTED = _ENVELOPE | {
    "sub",
    "auth_time",
    "acr",
    "acrs",
    "amr",
    "sid",
    "tid",
    "oid",
    "hd",
    "events",
    "idp",
    "idp_chain",
}
_PROTECTED |= {"cnf", "act", "may_act"}
_DEEPEST = 6
_MOST_NAMES = 1000


def fetch_userinfo(outbound: Outbound, endpoint: str, access_token: str, subject: object) -> Claims:
    """Raises AssertionRejected: userinfo (not a JSON object), userinfo_sub (of somebody else); UpstreamUnavailable."""
    answer = outbound.get(endpoint, accept="application/json", headers={"Authorization": f"Bearer {access_token}"})
    if answer.media_type != "application/json":
        raise AssertionRejected("userinfo", detail="the answer is not application/json")
    claims = answer.json()
    if not isinstance(claims, dict):
        raise AssertionRejected("userinfo", detail="the answer is not a JSON object")
    if claims.get("sub") != subject:  # OpenID Connect Core §5.3.2: MUST be equal, or nothing of it is used
        raise AssertionRejected("userinfo_sub", detail="userinfo speaks of another subject than the ID token")
    return claims


def fill_up(claims: Claims, userinfo: Claims) -> Claims:
    """The ID token's claims win; userinfo adds what is absent, except what only a signature may say.

    `email_verified` belongs to the address it came with: it is not carried over to another one.
    """
    added = {name: value for name, value in userinfo.items() if name not in claims and name not in _PROTECTED}
    if "email" in claims and claims["email"] != userinfo.get("email"):
        added.pop("email_verified", None)
    kept = dict(claims)
    if "email" in added:
        kept.pop("email_verified", None)
        if isinstance(userinfo.get("email_verified"), bool):
            added["email_verified"] = userinfo["email_verified"]
    return {**kept, **added}


def identity_of(
    idp: IdentityProvider, candidates: tuple[str, ...], proven: Claims, filled: Claims, us: str = ""
) -> Identity:
    """proven: the ID token's claims; filled: the same with userinfo; us: our issuer. `email_verified` speaks of `email`
    (Core §5.1): without one it vouches for nothing, whatever else a profile takes for an address.

    Raises AssertionRejected: subject, chain, loop.
    """
    verified, sid = filled.get("email_verified"), proven.get("sid")
    return Identity(
        tenant=idp.tenant,
        idp=idp.id,
        upstream=upstream_of(idp, proven),
        subject=subject_of(candidates, flatten(proven)),
        attributes=flatten(filled),
        acr=_text(proven.get("acr")),
        amr=methods_of(idp.profile, _text(proven.get("acr")), _texts(proven.get("amr"))),
        auth_time=_whole_number(proven.get("auth_time")),
        logout={"sub": str(proven["sub"]), **({"sid": sid} if isinstance(sid, str) else {})},
        email_verified=verified if isinstance(verified, bool) and filled.get("email") else None,
        chain=chain_of(str(proven["iss"]), _behind(proven), [us]),
    )


def _behind(proven: Claims) -> list[object]:
    """The authorities behind a broker: ours says `idp_chain`, most others at least `idp`; only a signature may."""
    chain, idp = proven.get("idp_chain"), proven.get("idp")
    listed = chain if isinstance(chain, list) else [] if chain is None else [chain]
    return listed or ([] if idp is None else [idp])


def upstream_of(idp: IdentityProvider, proven: Claims) -> str:
    """Half of a person's key: one name for one issuer however it spells itself, and Entra's tenants kept apart."""
    one = None if idp.oidc is None or idp.oidc.of_many_tenants else idp.oidc.issuer
    return one or str(proven["iss"])


def flatten(claims: Claims) -> dict[str, tuple[Value, ...]]:
    """Name -> values as sent; members of nested objects are named with dots, `realm_access.roles`.

    null, empty and objects inside lists are absent; so is what nests deeper than any real claim does.
    """
    flat: dict[str, tuple[Value, ...]] = {}
    waiting: list[tuple[str, object, int]] = [(n, v, 1) for n, v in claims.items() if n not in _ENVELOPE]
    for name, value, depth in waiting:  # grows while it is walked: nested members come after their parents
        if isinstance(value, Mapping) and depth < _DEEPEST:
            waiting.extend((f"{name}.{member}", inner, depth + 1) for member, inner in value.items())
            continue
        values = _values(value)
        if values and len(flat) < _MOST_NAMES:
            flat.setdefault(name, values)
    return flat


def _values(value: object) -> tuple[Value, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(one for one in listed if isinstance(one, str | int | float) and one != "")


def subject_of(candidates: tuple[str, ...], attributes: Mapping[str, tuple[Value, ...]]) -> str:
    """The first candidate all of whose parts have one value. attributes: signed claims (plain OAuth 2.0: the profile).

    Several parts are joined by `+`, each percent-encoded, so that no two people share a key.
    """
    for candidate in candidates:
        parts = [attributes.get(name, ()) for name in candidate.split("+")]
        texts = [str(values[0]) for values in parts if len(values) == 1 and not isinstance(values[0], bool | float)]
        if len(texts) == len(parts):
            return texts[0] if len(texts) == 1 else "+".join(quote(text, safe="") for text in texts)
    raise AssertionRejected("subject", detail="there is none of " + ", ".join(candidates))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in _values(value) if isinstance(one, str))


def _whole_number(value: object) -> int | None:
    return value if type(value) is int else None
