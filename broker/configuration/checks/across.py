"""The rules between objects. They run on whatever could be read of each file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from broker import domains
from broker.configuration.checks.api import Apis, Clients, Tenants, named_elsewhere
from broker.configuration.checks.application_auth import named_certificates
from broker.configuration.checks.names import nested_names
from broker.configuration.checks.saml import targets
from broker.configuration.checks.sign_in import named_clients
from broker.configuration.checks.tenant import patterns
from broker.configuration.checks.workload import Workloads, identities_elsewhere
from broker.configuration.document import Path
from broker.configuration.shapes import ApiShape, ClientShape, Read, TenantShape
from broker.errors import Problem
from broker.model import Deployment


def across(
    clients: Clients, apis: Apis, tenants: Tenants, workloads: Workloads, deployment: Deployment | None
) -> list[Problem]:
    issuer, certificates = (deployment.issuer, deployment.mtls) if deployment else ("", None)
    checks = (
        _client_ids(clients, apis),
        _audiences(clients, apis, issuer),
        named_elsewhere(apis, clients, tenants),
        _clients_tenants(clients, tenants),
        _tenant_ids(tenants),
        _labels(tenants),
        _email_domains(tenants),
        _networks(tenants),
        targets(clients, tenants),
        named_clients(clients, tenants),
        _guests(tenants),
        nested_names(tenants, issuer),
        named_certificates(clients, certificates),
        identities_elsewhere(workloads, clients, tenants, issuer),
    )
    return list(chain.from_iterable(checks))


class _Claimed:
    """Who has claimed a name first."""

    def __init__(self, remedy: str) -> None:
        self._remedy = remedy
        self._first: dict[str, str] = {}

    def claim(
        self, name: str, what: str, read: Read[ClientShape] | Read[ApiShape] | Read[TenantShape], path: Path
    ) -> Iterator[Problem]:
        if read.explains(path):
            return
        first = self._first.setdefault(name, read.document.file)
        if first is not read.document.file:
            yield from read.problem(path, f"{what} in {first}", self._remedy)


def _client_ids(clients: Clients, apis: Apis) -> Iterator[Problem]:
    claimed = _Claimed("give one of the two another client_id, in more than upper and lower case")
    for read, client_id, path in _named(clients, apis):
        yield from claimed.claim(client_id.lower(), f"`{client_id}` is already a client", read, path)


def _named(clients: Clients, apis: Apis) -> Iterator[tuple[Read[ClientShape] | Read[ApiShape], str, Path]]:
    """Every client_id: those of clients, and those that APIs ask under."""
    for read, client in clients:
        yield read, client.client_id, ("client_id",)
    for asking, api in apis:
        if api.introspection.client_id is not None:
            yield asking, api.introspection.client_id, ("introspection", "client_id")


def _audiences(clients: Clients, apis: Apis, issuer: str) -> Iterator[Problem]:
    """Contract section 3: no client_id may equal an audience, so that no ID token passes for an access token."""
    claimed = _Claimed("one audience is one API: give one of the two another")
    for read, api in apis:
        yield from claimed.claim(api.audience, f"`{api.audience}` is already an API", read, ("audience",))
        if api.audience == issuer:
            what = "is our own issuer: it is the audience of tokens for no API"
            yield from read.problem(("audience",), what, "give the API a name of its own")
    audiences = {client.audience for _, client in clients if client.audience} | {issuer}
    audiences |= {api.audience for _, api in apis}
    for named, client_id, path in _named(clients, apis):
        if client_id in audiences:
            what = f"`{client_id}` is also an audience"
            yield from named.problem(path, what, "a client_id and an audience may never be equal")


def _clients_tenants(clients: Clients, tenants: Tenants) -> Iterator[Problem]:
    known = {tenant.id for _, tenant in tenants}
    for read, client in clients:
        for index, name in enumerate(client.tenants or ()):
            if name not in known:
                yield from read.problem(("tenants", index), f"there is no tenant `{name}`", "mend the id, or remove it")


def _tenant_ids(tenants: Tenants) -> Iterator[Problem]:
    claimed = _Claimed("give one of the two another id")
    for read, tenant in tenants:
        yield from claimed.claim(tenant.id, f"`{tenant.id}` is already a tenant", read, ("id",))


def _labels(tenants: Tenants) -> Iterator[Problem]:
    """A host label names one tenant: its subdomain, else its id."""
    claimed = _Claimed("give one of the two another home_realm.subdomain")
    ids: set[str] = set()
    for read, tenant in tenants:
        if tenant.id in ids:
            continue  # a repeated id is reported as such
        ids.add(tenant.id)
        subdomain = tenant.home_realm.subdomain
        path: Path = ("home_realm", "subdomain") if subdomain else ("id",)
        label = subdomain or tenant.id
        yield from claimed.claim(label, f"`{label}` is already the host label of the tenant", read, path)


def _email_domains(tenants: Tenants) -> Iterator[Problem]:
    claimed = _Claimed("one domain belongs to one tenant: remove it from one of the two")
    for read, tenant in tenants:
        for index, pattern in enumerate(patterns(tenant.home_realm.email_domains)):
            path: Path = ("home_realm", "email_domains", index)
            if pattern is not None:
                yield from claimed.claim(pattern, f"`{pattern}` already belongs to the tenant", read, path)


def _networks(tenants: Tenants) -> Iterator[Problem]:
    claimed = _Claimed("one network belongs to one tenant: remove it from one of the two")
    for read, tenant in tenants:
        for index, network in enumerate(tenant.home_realm.networks):
            path: Path = ("home_realm", "networks", index)
            yield from claimed.claim(str(network), f"{network} already belongs to the tenant", read, path)


def _guests(tenants: Tenants) -> Iterator[Problem]:
    """Where guests come from: a tenant that lets them out, and whose address theirs is."""
    known = {tenant.id: tenant for _, tenant in tenants}
    for read, tenant in tenants:
        for index, guest in enumerate(tenant.guests):
            home, path = known.get(guest.home_tenant), ("guests", index)
            if home is None:
                what, remedy = f"there is no tenant `{guest.home_tenant}`", "mend the id, or remove the entry"
                yield from read.problem((*path, "home_tenant"), what, remedy)
                continue
            if home is tenant:
                continue  # said within the tenant
            if not home.guests_out:
                what = f"`{home.id}` has `guests_out: false`: this guest cannot come in"
                yield from read.problem((*path, "home_tenant"), what, "remove the entry", warning=True)
            domain = domains.of_address(guest.email)
            if domain is not None and not _is_of(home, domain):
                what = f"is in none of the email_domains of `{home.id}`"
                yield from read.problem((*path, "email"), what, "write an address of that tenant")


def _is_of(home: TenantShape, domain: str) -> bool:
    own = patterns(home.home_realm.email_domains)
    return any(domains.matches(pattern, domain) for pattern in own if pattern is not None)
