"""The rules of workload identities: whose tokens may prove a client, in its own file or shared below workloads/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from broker import expressions
from broker.configuration.checks.application_auth import key_set
from broker.configuration.checks.finding import Context, Finding
from broker.configuration.document import Path
from broker.configuration.shapes import ClientShape, Read, TenantShape
from broker.configuration.shapes.application_auth import IdentityShape, WorkloadKeys, WorkloadShape
from broker.configuration.urls import url_fault
from broker.errors import Problem
from broker.model import ClaimTypes

Workloads = list[tuple[Read[WorkloadShape], WorkloadShape]]
Clients = list[tuple[Read[ClientShape], ClientShape]]
Tenants = list[tuple[Read[TenantShape], TenantShape]]
_SPIFFE = "spiffe://"


def check_workload(shape: WorkloadShape, context: Context) -> list[Finding]:
    return list(_identity(shape, shape.issuer, (), context))


def check_identities(shape: ClientShape, context: Context) -> Iterable[Finding]:
    for index, one in enumerate(shape.auth.identities or ()):
        path: Path = ("auth", "identities", index)
        if one.ref is not None:
            yield from _reference(one, path)
        elif one.issuer is None:
            yield Finding(path, "names neither an issuer nor a shared identity", "add `issuer:`, or `ref:`")
        else:
            yield from _identity(one, one.issuer, path, context)
            yield from _tenant_of(shape, one, path)
    if shape.auth.identities == []:
        yield Finding(("auth", "identities"), "is empty", "write at least one identity")


def _reference(one: IdentityShape, path: Path) -> Iterable[Finding]:
    if one.model_fields_set != {"ref"}:
        yield Finding(path, "`ref` stands alone: the rest is in the file that it names", "remove the other keys")


def _identity(shape: WorkloadKeys, issuer: str, path: Path, context: Context) -> Iterable[Finding]:
    if issuer.startswith(_SPIFFE):
        if shape.jwks is None and shape.jwks_uri is None:
            remedy = "add the trust bundle as `jwks: {keys: […]}`, or where it is published as `jwks_uri`"
            yield Finding((*path, "issuer"), "a SPIFFE trust domain has no discovery", remedy)
    elif fault := url_fault(issuer, context.rules):
        yield Finding((*path, "issuer"), *fault)
    if shape.jwks is not None and shape.jwks_uri is not None:
        yield Finding((*path, "jwks_uri"), "`jwks` stands here too", "keep one of the two")
    if shape.jwks_uri is not None and (fault := url_fault(shape.jwks_uri, context.rules)):
        yield Finding((*path, "jwks_uri"), *fault)
    yield from key_set((*path, "jwks"), shape.jwks)
    yield from _whose(shape, path)


def _whose(shape: WorkloadKeys, path: Path) -> Iterable[Finding]:
    """An issuer is shared by strangers: everybody's GitHub has the same one."""
    if shape.subject is None and shape.when is None:
        yield Finding(path, "says nothing of whose token it must be", "add `subject:`, or a condition as `when:`")
    if shape.subject is not None and "*" in shape.subject:
        remedy = 'write the whole subject, or a condition: `when: incoming.sub.startsWith("…")`'
        yield Finding((*path, "subject"), "is compared exactly: a * stands for itself", remedy)
    if shape.when is None:
        return
    try:
        reads = expressions.compile(shape.when, ClaimTypes(shape.claim_types), "bool").names
    except expressions.ExpressionError as error:
        remedy = f"see line {error.line}, character {error.column} of the expression"
        yield Finding((*path, "when"), f"the expression is not valid: {error.what}", remedy)
        return
    if not reads:
        yield Finding((*path, "when"), "reads no claim: it holds for everybody or for nobody", "use incoming.<claim>")


def _tenant_of(shape: ClientShape, one: IdentityShape, path: Path) -> Iterable[Finding]:
    if one.tenant is not None and shape.tenants is not None and one.tenant not in shape.tenants:
        what = f"the client may not speak for `{one.tenant}`"
        yield Finding((*path, "tenant"), what, "add it to the client's `tenants`, or remove it here")


def identities_elsewhere(workloads: Workloads, clients: Clients, tenants: Tenants, issuer: str) -> Iterator[Problem]:
    """References that lead nowhere, shared identities that nobody uses, and own ones that are not the client's own."""
    yield from _names(workloads, clients)
    yield from _own_issuer(workloads, clients, issuer)
    yield from _tenants(workloads, clients, {tenant.id for _, tenant in tenants})
    yield from _twice(clients)


def _identities(clients: Clients) -> Iterator[tuple[Read[ClientShape], Path, IdentityShape]]:
    for read, client in clients:
        for index, one in enumerate(client.auth.identities or ()):
            yield read, ("auth", "identities", index), one


def _names(workloads: Workloads, clients: Clients) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for read, workload in workloads:
        other = first.setdefault(workload.name, read.document.file)
        if other is not read.document.file:
            what = f"`{workload.name}` is already an identity in {other}"
            yield from read.problem(("name",), what, "give one of the two another name")
    used = {one.ref for _, _, one in _identities(clients)}
    for read, workload in workloads:
        if workload.name not in used:
            what = "is an orphan: no client uses this identity"
            remedy = f"remove the file, or add `{{ref: {workload.name}}}` to a client's `auth.identities`"
            yield from read.problem(("name",), what, remedy, warning=True)
    for client, path, one in _identities(clients):
        if one.ref is not None and one.ref not in first:
            what = f"there is no identity `{one.ref}`"
            yield from client.problem((*path, "ref"), what, "add a file for it below workloads/, or mend the name")


def _own_issuer(workloads: Workloads, clients: Clients, issuer: str) -> Iterator[Problem]:
    what, remedy = "that is this broker itself", "name the platform that gives the workload its tokens"
    for client, path, one in _identities(clients):
        if one.issuer == issuer:
            yield from client.problem((*path, "issuer"), what, remedy)
    for read, workload in workloads:
        if workload.issuer == issuer:
            yield from read.problem(("issuer",), what, remedy)


def _tenants(workloads: Workloads, clients: Clients, known: set[str]) -> Iterator[Problem]:
    remedy = "mend the id, or remove it"
    for client, path, one in _identities(clients):
        if one.tenant is not None and one.tenant not in known:
            yield from client.problem((*path, "tenant"), f"there is no tenant `{one.tenant}`", remedy)
    for read, workload in workloads:
        if workload.tenant is not None and workload.tenant not in known:
            yield from read.problem(("tenant",), f"there is no tenant `{workload.tenant}`", remedy)


def _twice(clients: Clients) -> Iterator[Problem]:
    """A client's own identity ends with it: one that two clients have is a shared one."""
    first: dict[tuple[object, ...], str] = {}
    for read, path, one in _identities(clients):
        if one.issuer is None or one.subject is None or one.when is not None:
            continue
        keys = None if one.jwks is None else str(one.jwks.keys)
        mine = (one.issuer, one.audience, one.subject, keys)
        owner = first.setdefault(mine, read.document.file)
        if owner is not read.document.file:
            what = f"this is already the own identity of the client in {owner}"
            yield from read.problem(path, what, "put it into a file below workloads/, and `ref` it from both")
