"""The rules of `profile: fapi2` (FAPI 2.0 Security Profile §5.3), and of how a client's requests come.

What proves the client and binds its tokens stands in `checks.application_auth`.
"""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.shapes import ClientShape
from broker.configuration.shapes.client import DEVICE_CODE

TENANT = "{tenant}"
_SIGNED = (
    *("id_token_signed_response_alg", "access_token_signed_response_alg"),
    *("userinfo_signed_response_alg", "introspection_signed_response_alg"),
)


def check_requests(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    if not shape.response_modes:
        yield Finding(("response_modes",), "is empty", "write `[query]`, `[form_post]` or both")
    yield from repeated(("response_modes",), shape.response_modes)
    if shape.require_signed_request_object and shape.auth.jwks is None and shape.auth.jwks_uri is None:
        what = "nobody knows the keys that its request objects are signed with"
        yield Finding(("require_signed_request_object",), what, "add `jwks` or `jwks_uri` to `auth`")


def check_fapi2(shape: ClientShape, context: Context) -> Iterable[Finding]:
    if shape.profile != "fapi2":
        return
    yield from _pushed_with_pkce(shape)
    yield from _begun_by_the_client(shape)
    yield from _exact_addresses(shape, context)
    yield from _strong_signatures(shape, context)


def _pushed_with_pkce(shape: ClientShape) -> Iterable[Finding]:
    if shape.require_pushed_authorization_requests is False:
        what = "every request of `profile: fapi2` is pushed"
        yield Finding(("require_pushed_authorization_requests",), what, "remove it, or write true")
    if shape.pkce != "required":
        yield Finding(("pkce",), "every request of `profile: fapi2` uses PKCE", "write `pkce: required`")


def _begun_by_the_client(shape: ClientShape) -> Iterable[Finding]:
    """§5.3.2.2: no person answers a request that was neither pushed nor proven with PKCE."""
    if DEVICE_CODE in shape.grant_types:
        path = ("grant_types", shape.grant_types.index(DEVICE_CODE))
        what = "a device's request is not pushed, as every request of `profile: fapi2` is"
        yield Finding(path, what, "remove it, or give devices a client of their own")


def _exact_addresses(shape: ClientShape, context: Context) -> Iterable[Finding]:
    """§5.3.2.2; contract section 2, Redirect URIs."""
    for index, uri in enumerate(shape.redirect_uris or ()):
        path = ("redirect_uris", index)
        if TENANT in uri:
            yield Finding(path, "{tenant} may not stand here with `profile: fapi2`", "list every address")
        if not uri.startswith("https://") and not context.rules.loopback:
            yield Finding(path, "is no https address, as `profile: fapi2` needs", "write https://…")


def _strong_signatures(shape: ClientShape, context: Context) -> Iterable[Finding]:
    """§5.4.1: PS256, ES256 or EdDSA. Without a choice, userinfo is not signed; all else is by the default."""
    for key in _SIGNED:
        chosen: str | None = getattr(shape, key)
        default = None if key.startswith("userinfo") else context.algorithms[0]
        if (chosen or default) == "RS256":
            strong = [algorithm for algorithm in context.algorithms if algorithm != "RS256"]
            remedy = f"write `{key}: {strong[0]}`" if strong else "add ES256 to signing.also in broker.yaml"
            path = (key,) if chosen else ("profile",)
            yield Finding(path, "RS256 is too weak for `profile: fapi2`", remedy)
