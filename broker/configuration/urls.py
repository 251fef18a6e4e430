"""Which URLs may stand in the configuration (contract section 2: Outbound and http, Redirect URIs).

Every function answers what is wrong with a URL and what would be right, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from publicsuffixlist import PublicSuffixList

from broker.model.realm import Network

Fault = tuple[str, str]

TENANT = "{tenant}"
_STAND_IN = "tenant"  # a label in place of {tenant}, so that the rest of the URL can be checked
_CHARACTERS = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986, no `{}`, spaces, backslashes
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/[^#]*", re.IGNORECASE)  # RFC 8252 §7.1
_DOTS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_LOOPBACK_LITERALS = frozenset(("127.0.0.1", "::1"))


@dataclass(frozen=True)
class UrlRules:
    """loopback: our issuer is http on a loopback address, so http and loopback are accepted everywhere."""

    loopback: bool = False
    private_networks: tuple[Network, ...] = ()


def origin_fault(url: str, rules: UrlRules) -> Fault | None:
    """scheme://host[:port] and nothing else."""
    if url.count("/") != 2:
        return "is not an origin", "write scheme, host and port only, without path and final slash"
    if "?" in url or "#" in url:
        return "is not an origin", "remove query and fragment"
    return url_fault(url, rules)


def issuer_fault(url: str) -> Fault | None:
    """Our own issuer: an https origin, or http on a loopback host."""
    if not url.startswith("http://"):
        return origin_fault(url, UrlRules())
    parts = _split(url)
    if parts is not None and not _is_loopback(parts.hostname or ""):
        return "http is for loopback addresses only", "write https://…"
    return origin_fault(url, UrlRules(loopback=True))


def url_fault(url: str, rules: UrlRules) -> Fault | None:
    """An absolute http(s) URL without user, fragment and surprises in its host."""
    if not _CHARACTERS.fullmatch(url):
        return "holds a character that a URL may not have", "percent-encode it, or remove it"
    parts = _split(url)
    if parts is None or not parts.scheme or not parts.hostname:
        return "is not an absolute URL", "write https://host/path"
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not rules.loopback):
        return f"`{parts.scheme}` is not accepted", "write https://…"
    if "@" in parts.netloc:
        return "holds a user name or password", "remove everything before the @"
    if "#" in url:
        return "holds a fragment", "remove the # and what follows"
    return _host_fault(parts, rules) or _path_fault(parts)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None


def _host_fault(parts: SplitResult, rules: UrlRules) -> Fault | None:
    host = parts.hostname or ""
    if host not in parts.netloc:  # hostname is in lower case
        return "the host is not in lower case", f"write {host}"
    if _is_loopback(host):
        return None if rules.loopback else ("is a loopback address", "that is for an http loopback issuer only")
    if address := _address(host):
        if any(address in network for network in rules.private_networks):
            return None
        return "names an IP address", "write a host name, or add its network to outbound.private_networks"
    if not _HOST.fullmatch(host):
        return "the host is not a plain host name", "write it in A-labels, without a final dot"
    if (parts.scheme, parts.port) in (("https", 443), ("http", 80)):
        return "names the default port", f"remove :{parts.port}"
    return None


def _path_fault(parts: SplitResult) -> Fault | None:
    if _DOTS.search(parts.path):
        return "holds dot segments", "write the path that they lead to"
    return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    if not host or not (host[-1].isdigit() or ":" in host):
        return None  # most hosts: spares the exception
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def redirect_fault(uri: str, rules: UrlRules, *, public: bool) -> Fault | None:
    """A redirect URI: exact, or with `{tenant}` once as the whole leftmost label; native apps as RFC 8252 has them."""
    if "*" in uri:
        return "wildcards are refused", "list every redirect URI, or use {tenant} as the leftmost host label"
    if TENANT in uri:
        return _pattern_fault(uri, rules)
    if not uri.startswith(("https:", "http:")) and _PRIVATE_USE.fullmatch(uri):
        return (
            None
            if public
            else ("a private-use scheme is for public clients", "write https://…, or auth: {method: none}")
        )
    if uri.startswith("http://") and _native(uri):
        rules = UrlRules(loopback=True)
    return url_fault(uri, rules)


def _native(uri: str) -> bool:
    """RFC 8252 §7.3: http on a loopback IP literal, any port."""
    parts = _split(uri)
    return parts is not None and parts.hostname in _LOOPBACK_LITERALS


def _pattern_fault(uri: str, rules: UrlRules) -> Fault | None:
    scheme, _, rest = uri.partition("://")
    if uri.count(TENANT) != 1 or not rest.startswith(TENANT + "."):
        return "{tenant} stands in the wrong place", "write it once, as the whole leftmost host label"
    fault = url_fault(f"{scheme}://{rest.replace(TENANT, _STAND_IN)}", rules)
    if fault is not None:
        return fault
    host = urlsplit(f"{scheme}://{rest.removeprefix(TENANT + '.')}").hostname or ""
    if _address(host) is not None or not host:
        return "{tenant} needs a host name after it", "write https://{tenant}.app.example.com/…"
    if scheme == "http" and not _is_loopback(host):
        return "{tenant} over http is for loopback hosts only", "write https://…"
    if is_public_suffix(host) and not _is_loopback(host):
        return f"{{tenant}} stands directly under the public suffix {host}", "put it below a domain that is yours"
    return None


def is_public_suffix(host: str) -> bool:
    return bool(_suffixes().publicsuffix(host) == host)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def first_fault(faults: Iterable[Fault | None]) -> Fault | None:
    return next((fault for fault in faults if fault is not None), None)
