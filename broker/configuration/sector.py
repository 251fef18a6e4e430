"""The sector of a client with pairwise subjects (OpenID Connect Core §8.1): one host, which stands for one business."""

from __future__ import annotations

from urllib.parse import urlsplit

from broker.configuration.shapes import ClientShape
from broker.configuration.urls import TENANT


def sector_of(shape: ClientShape) -> str | None:
    """None: public subjects. `checks.sector` has seen that there is one host."""
    if shape.subject_type == "public":
        return None
    if shape.sector_identifier_uri is not None:
        return host_of(shape.sector_identifier_uri)
    return next(iter(redirect_hosts(shape)))


def redirect_hosts(shape: ClientShape) -> set[str]:
    """What stands for a native app's own host is nobody's alone, and is no sector."""
    return {host_of(uri) for uri in shape.redirect_uris or ()}


def host_of(url: str) -> str:
    """Empty: none. Of `{tenant}`, as written: as many hosts as there are tenants."""
    before = url.replace(TENANT, "tenant", 1)
    return "" if before != url or not url.startswith(("https:", "http:")) else urlsplit(url).hostname or ""
