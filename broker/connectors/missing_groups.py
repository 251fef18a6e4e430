"""Groups that Entra left out of an answer (overage), looked up where the settings say so, whatever the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from re import compile as pattern

from broker import telemetry
from broker.connectors.breaker import Breaker
from broker.connectors.connector import Surroundings
from broker.connectors.graph import Graph
from broker.connectors.oidc.client_proof import Proof, by_secret
from broker.errors import UpstreamUnavailable
from broker.model import IdentityProvider, Value
from broker.model.overage import groups_left_out, with_groups

Attributes = Mapping[str, tuple[Value, ...]]
_TENANT = pattern(r"https?://[^/]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/.*)?")


class MissingGroups:
    """prove: how the IdP's own client proves itself at a token endpoint; None: it has no client there."""

    def __init__(
        self, idp: IdentityProvider, around: Surroundings, event: str, prove: Callable[[str], Proof] | None = None
    ) -> None:
        self._idp = idp
        self._event = f"{event}.groups_unresolved"
        self._graph: Graph | None = None
        if idp.groups.overage == "resolve":
            outbound = around.outbound.behind(Breaker(around.clock))  # it fails, and recovers, apart from the IdP
            self._graph = Graph(outbound, idp.groups, self._own if prove is None else prove, around.clock)

    def filled_in(self, attributes: Attributes, tid: object, oid: object) -> Attributes:
        """With the groups of a person of an Entra tenant; where that fails, they stay left out.

        tid and oid as verified: what only a pointer in the answer says leads nowhere.
        """
        if self._graph is None or not groups_left_out(attributes):
            return attributes
        try:
            groups = self._graph.groups_of(str(tid), str(oid))
        except UpstreamUnavailable as failed:
            telemetry.report(failed.about(event=self._event, tenant=self._idp.tenant, idp=self._idp.id))
            return attributes
        return with_groups(attributes, groups)

    def filled_in_of(self, attributes: Attributes, upstream: str) -> Attributes:
        """The same for an assertion: the tenant is the one in its issuer, whatever an attribute says."""
        tenant, names = _TENANT.fullmatch(upstream), self._idp.profile.claim_names
        oids = {value for name, values in attributes.items() if names.get(name, name) == "oid" for value in values}
        return self.filled_in(attributes, tenant and tenant[1], oids.pop() if len(oids) == 1 else None)

    def _own(self, _endpoint: str) -> Proof:
        client = self._idp.groups.client
        if client is None:
            raise UpstreamUnavailable("graph_client", detail="no client to ask Graph with")
        return by_secret("client_secret_post", client.client_id, client.client_secret)
