"""The keys that say what becomes of a sign-in later: asking again, missing groups, one person at two IdPs."""

from __future__ import annotations

from typing import Annotated

from broker.configuration.shapes.fields import Duration, OneOf, SecretField, Shape, Text


class UpstreamRefreshShape(Shape):
    """max_age: how old the IdP's word may be; outage: how long beyond it a silent IdP keeps nobody out."""

    max_age: Duration
    outage: Duration | None = None


class GraphEndpointsShape(Shape):
    """Origins that stand for Microsoft's, in tests on loopback."""

    login: Text
    graph: Text


class GraphClientShape(Shape):
    """An application in the customer's Entra tenant that may read groups there."""

    client_id: Text
    client_secret: SecretField


class GroupsShape(Shape):
    """overage: what to do where the IdP says that it left groups out; unresolved: the same where `resolve` fails.

    client: who asks Graph; over OpenID Connect the identity provider's own client, unless it stands here.
    """

    overage: Annotated[str, OneOf(("deny", "resolve", "keep_last", "mark"))] = "mark"
    unresolved: Annotated[str, OneOf(("deny", "keep_last", "mark"))] | None = None
    client: GraphClientShape | None = None
    endpoints: GraphEndpointsShape | None = None


class UpstreamLifeKeys(Shape):
    """Mixed into the identity provider; `checks.upstream_life` judges them."""

    upstream_refresh: UpstreamRefreshShape | None = None
    groups: GroupsShape | None = None
    link_by_email: bool = False
