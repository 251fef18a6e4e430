"""What an OpenID provider publishes about itself (OpenID Connect Discovery 1.0 §3), as far as we use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.errors import UpstreamUnavailable
from broker.model import strict_json


@dataclass(frozen=True, slots=True)
class Provider:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None  # RP-Initiated Logout §2.1
    access_token_issuer: str | None  # AD FS's second name, which its access tokens carry
    names_itself: bool  # every authorization response carries `iss` (RFC 9207 §3)

    @property
    def hosts(self) -> dict[str, str]:
        """Endpoint, as Discovery names it -> host, or host:port."""
        urls = {
            "authorization_endpoint": self.authorization_endpoint,
            "token_endpoint": self.token_endpoint,
            "jwks_uri": self.jwks_uri,
            "userinfo_endpoint": self.userinfo_endpoint,
            "end_session_endpoint": self.end_session_endpoint,
        }
        return {name: urlsplit(url).netloc.lower() for name, url in urls.items() if url}


def discovery_url(issuer: str) -> str:
    """Discovery §4: behind the issuer's path, a closing slash removed."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def read_provider(body: bytes, issuer: str, *, loopback: bool) -> Provider:
    """The provider `issuer` of a discovery document.

    Raises UpstreamUnavailable: discovery (not a document, an endpoint missing or not https), discovery_issuer.
    """
    try:
        document = strict_json.parse_object(body)
    except ValueError:
        raise UpstreamUnavailable("discovery", detail="not a JSON object") from None
    if document.get("issuer") != issuer:  # Discovery §4.3: exactly; a document of another issuer is no evidence
        raise UpstreamUnavailable("discovery_issuer", detail="the document names another issuer")
    schemes = {"https", "http"} if loopback else {"https"}
    return Provider(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", schemes),
        token_endpoint=_endpoint(document, "token_endpoint", schemes),
        jwks_uri=_endpoint(document, "jwks_uri", schemes),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", schemes)
        if document.get("userinfo_endpoint")
        else None,
        end_session_endpoint=_if_usable(document.get("end_session_endpoint"), schemes),
        access_token_issuer=_text(document.get("access_token_issuer")),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, object], name: str, schemes: set[str]) -> str:
    url = document.get(name)
    if not (isinstance(url, str) and _is_plain(url, schemes)):
        raise UpstreamUnavailable("discovery", detail=f"{name} is missing or not a plain https URL")
    return url


def _if_usable(url: object, schemes: set[str]) -> str | None:
    """Nobody's sign-in stops because of where sign-outs would go."""
    return url if isinstance(url, str) and _is_plain(url, schemes) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_plain(url: str, schemes: set[str]) -> bool:
    if not url.isascii() or any(letter <= " " or letter in '\\"<>^`{|}\x7f' for letter in url):
        return False
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(host) and port != 0 and "@" not in parts.netloc and not parts.fragment
