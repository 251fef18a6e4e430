"""What the claims of a client's token must say, whoever signed it. Each check refuses with TokenRejected."""

from __future__ import annotations

from collections.abc import Mapping

from broker.errors import TokenRejected

AHEAD = 60  # seconds that a client's clock may be before ours

Claims = Mapping[str, object]


def require_timely(claims: Claims, now: float, longest: int) -> int:
    """Answers when it ends. longest: seconds it may still last. Raises TokenRejected: exp, nbf, iat."""
    ends = moment(claims, "exp")
    if ends is None:
        raise TokenRejected("exp", "The assertion has no `exp`.")
    if now >= ends:
        raise TokenRejected("exp", "The assertion has expired.")
    if ends - now > longest + AHEAD:
        raise TokenRejected("exp", f"The assertion lasts longer than {longest} seconds.")
    for name in ("nbf", "iat"):
        begins = moment(claims, name)
        if begins is not None and begins > now + AHEAD:
            raise TokenRejected(name, f"The `{name}` of the assertion lies in the future: check the clock.")
    return int(ends) + 1


def moment(claims: Claims, name: str) -> float | None:
    """A NumericDate (RFC 7519 §2). Raises TokenRejected with its name where it is anything else."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 40:
        raise TokenRejected(name, f"The `{name}` of the assertion is not a time.")
    return value


def require_only_audience(claims: Claims, accepted: tuple[str, ...], *, listed: bool) -> None:
    """For us and for nobody else, who could send it on to us. listed: a list of one is as good as the one."""
    audience = claims.get("aud")
    if listed and isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in accepted:
        text = f"The `aud` of the assertion must be {accepted[0]}, and only that."
        raise TokenRejected("aud", text, detail="the audience is another one, or not the only one")


def token_id(claims: Claims) -> str | None:
    """Raises TokenRejected `jti` where it is no text of moderate length."""
    value = claims.get("jti")
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= 512):
        raise TokenRejected("jti", "The `jti` of the assertion must be a text of at most 512 characters.")
    return value
