"""An OpenID provider looked over, as it answers now: documents, keys, algorithms, clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from broker import jose
from broker.connectors import changes
from broker.connectors.connector import Finding
from broker.connectors.endings import clock_finding
from broker.connectors.oidc import vetting
from broker.connectors.oidc.provider import Provider, discovery_url
from broker.errors import UpstreamUnavailable
from broker.model import IdentityProvider, OidcSettings, strict_json
from broker.outbound import Outbound

ALGORITHMS = "id_token_signing_alg_values_supported"  # OpenID Connect Discovery §3


def examine(
    outbound: Outbound,
    idp: IdentityProvider,
    settings: OidcSettings,
    trusted: Provider | None,
    clock: Callable[[], float],
    read_discovery: Callable[[bytes], Provider],
    read_keys: Callable[[bytes], jose.KeySet],
) -> Iterator[Finding]:
    """trusted: what is in force today. Ends early where the provider does not answer."""
    try:
        answer = outbound.get(settings.discovery or discovery_url(settings.issuer), accept="application/json")
        provider = read_discovery(answer.body)
    except UpstreamUnavailable as failure:
        yield Finding("discovery", False, f"{failure.reason}: {failure.detail or failure.public}")
        return
    yield Finding("discovery", True, f"read for {settings.issuer}")
    yield clock_finding(answer.headers, clock())
    waits = vetting.moved(trusted, provider) if trusted is not None else ()
    if waits:
        yield changes.finding(f"another host of {', '.join(waits)}", idp, vetting.digest_of(provider))
    if settings.logout == "upstream":
        yield _end_session(provider)
    yield _algorithms(strict_json.parse_object(answer.body), settings)
    try:
        keys = read_keys(outbound.get(provider.jwks_uri, accept="application/json").body)
    except UpstreamUnavailable as failure:
        yield Finding("jwks", False, f"{failure.reason}: {failure.detail or failure.public}")
        return
    named = ", ".join(sorted(key.kid or "without kid" for key in keys.keys))
    yield Finding("jwks", True, f"{len(keys.keys)} usable keys: {named}")


def _end_session(provider: Provider) -> Finding:
    if provider.end_session_endpoint is None:
        return Finding("logout", False, "no usable end_session_endpoint: `logout: upstream` signs nobody out there")
    return Finding("logout", True, f"sign-outs go to {provider.end_session_endpoint}")


def _algorithms(document: Mapping[str, object], settings: OidcSettings) -> Finding:
    listed = document.get(ALGORITHMS)
    offered = [str(name) for name in listed] if isinstance(listed, list) else ["RS256"]
    common = [name for name in offered if name in settings.algorithms]
    if common:
        return Finding("algorithms", True, f"ID tokens by {', '.join(common)}")
    return Finding("algorithms", False, f"signs ID tokens with {', '.join(offered)}: none that `algorithms` accepts")
