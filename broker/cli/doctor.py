"""`broker doctor`: reach every identity provider as it answers now, and say what falls short or soon will.

Looked at: metadata or discovery and keys, certificates' and secrets' last days, the IdP's clock, signature algorithms,
changes that wait for an operator, missing secrets, rules that read claims which never come; and whether the hosts that
clients' pairwise subjects are for list their redirect URIs. Nothing is changed,
but by --approve: what waits at that identity provider (another entityID, another host) is trusted from then on, if it
is what this verb has shown: the digest stands there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from broker import configuration
from broker.audit import new_reference
from broker.cli.doctor_clients import ClientReport, client_reports
from broker.cli.doctor_store import Readable, found_store
from broker.connectors import Approving, Connectors, Examined, Finding, SpKeys, Surroundings, secret_ends
from broker.connectors.endings import end_finding
from broker.errors import BrokerError, Problem, StoreError
from broker.model import AuditEvent, Configuration, Deployment, IdentityProvider
from broker.outbound import Outbound
from broker.store import Store, StoreDocuments
from broker.telemetry import clean

AT_ONCE = 16  # identity providers looked at side by side: a few dead ones hold nothing up


class DoctorRefused(BrokerError):
    """What was asked for is not in the configuration, or nothing waits there."""

    code = "invalid_request"
    public = "This cannot be done."


@dataclass(frozen=True, slots=True)
class Report:
    tenant: str
    idp: str
    protocol: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        return f"{self.tenant}/{self.idp} ({self.protocol})"

    @property
    def good(self) -> bool:
        return all(finding.good for finding in self.findings)


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("doctor", help="reach every identity provider", description=__doc__)
    parser.add_argument("--config", type=Path, metavar="DIR", required=True, help="the configuration folder")
    parser.add_argument("--tenant", metavar="T", help="this tenant's only")
    parser.add_argument("--approve", metavar="TENANT/IDP=DIGEST", help="trust the change that was shown as waiting")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: all is well; 1: something falls short, or nothing was there to approve; 2: bad usage or configuration."""
    bundle = configuration.read_folder(args.config)
    deployment = configuration.load_deployment(args.config, os.environ)
    warnings: list[Problem] = []
    loaded = configuration.load(bundle, deployment, environ=os.environ, revision=0, warn=warnings.append)
    if args.tenant is not None and args.tenant not in loaded.tenants:
        raise DoctorRefused("tenant_unknown", detail=f"--tenant is one of {', '.join(sorted(loaded.tenants))}")
    with found_store(deployment, os.environ) as store:
        if args.approve is not None:
            return _approve(loaded, deployment, store, args.approve, as_json=args.json)
        reports = _examined(_providers(loaded, args.tenant), deployment, store)
    clients = _clients(loaded, deployment) if args.tenant is None else []
    advice = [one for one in warnings if args.tenant is None or _about(bundle.files.get(one.file, b""), args.tenant)]
    everything: list[Report | ClientReport] = [*reports, *clients]
    well = all(report.good for report in everything)
    good = well and not any(one.path.startswith("claims") for one in advice)
    print(_json(reports, clients, advice, good=good) if args.json else _readable(everything, advice))
    return 0 if good else 1


def _providers(loaded: Configuration, tenant: str | None) -> list[IdentityProvider]:
    chosen = loaded.tenants.values() if tenant is None else [loaded.tenants[tenant]]
    found = [idp for one in chosen if one.active for idp in one.identity_providers.values() if idp.enabled]
    return sorted(found, key=lambda idp: (idp.tenant, idp.id))


def _examined(providers: list[IdentityProvider], deployment: Deployment, store: Store | None) -> list[Report]:
    outbound = Outbound(loopback=deployment.loopback, private_networks=deployment.private_networks)
    connectors = _connectors(deployment, outbound, store, changing=False)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(partial(_report, connectors), providers))
    finally:
        outbound.close()


def _clients(loaded: Configuration, deployment: Deployment) -> list[ClientReport]:
    outbound = Outbound(loopback=deployment.loopback, private_networks=deployment.private_networks)
    try:
        return client_reports(loaded.clients.values(), outbound)
    finally:
        outbound.close()


def _connectors(deployment: Deployment, outbound: Outbound, store: Store | None, *, changing: bool) -> Connectors:
    documents = StoreDocuments(store) if store is not None else None
    return Connectors(
        Surroundings(
            issuer=deployment.issuer,
            loopback=deployment.loopback,
            outbound=outbound,
            documents=documents if documents is not None and changing else Readable(documents),
            clock=time.time,
            sp_keys=_no_key,
        )
    )


def _no_key(_idp: IdentityProvider) -> SpKeys:
    raise StoreError("no_key", detail="the doctor signs nothing")


def _report(connectors: Connectors, idp: IdentityProvider) -> Report:
    return Report(idp.tenant, idp.id, idp.protocol, tuple(_findings(connectors, idp)))


def _findings(connectors: Connectors, idp: IdentityProvider) -> Iterator[Finding]:
    yield from _secret(idp)
    connector = connectors.of(idp)
    if isinstance(connector, Examined):
        yield from connector.examine()


def _secret(idp: IdentityProvider) -> Iterator[Finding]:
    settings = idp.oidc or idp.oauth2
    if settings is None or not settings.client_auth.startswith("client_secret"):
        return
    if settings.client_secret is None:
        yield Finding("client_secret", False, "cannot be resolved: nobody can sign in here")
    ends = secret_ends(idp)
    if ends is not None:
        yield end_finding("client_secret", "client_secret", ends, time.time())


def _approve(loaded: Configuration, deployment: Deployment, store: Store | None, named: str, *, as_json: bool) -> int:
    place, _, digest = named.partition("=")
    tenant_id, _, idp_id = place.partition("/")
    tenant = loaded.tenants.get(tenant_id)
    idp = tenant.identity_providers.get(idp_id) if tenant else None
    if idp is None:
        raise DoctorRefused("idp_unknown", detail="--approve is TENANT/IDP=DIGEST, as doctor shows it")
    if store is None:
        raise DoctorRefused("no_store", detail="there is no database yet, so nothing waits")
    outbound = Outbound(loopback=deployment.loopback, private_networks=deployment.private_networks)
    connector = _connectors(deployment, outbound, store, changing=True).of(idp)
    approved = connector.approve(digest) if isinstance(connector, Approving) else ()
    outbound.close()
    if approved:
        detail = {"approved": " ".join(approved), "digest": digest}
        event = AuditEvent(
            "upstream.change_approved", "success", new_reference(), tenant=idp.tenant, idp=idp.id, detail=detail
        )
        with store.transaction() as transaction:
            transaction.record(event)
    if as_json:
        print(json.dumps({"tenant": idp.tenant, "idp": idp.id, "approved": approved}, indent=2))
    else:
        said = f"approved: {', '.join(approved)}; in force within a minute" if approved else "no such change waits"
        print(f"{place}: {said}")
    return 0 if approved else 1


def _about(file: bytes, tenant: str) -> bool:
    """Whether this is the tenant's file."""
    return re.search(rb"(?m)^id:\s*['\"]?" + re.escape(tenant.encode()) + rb"['\"]?\s*(#.*)?$", file) is not None


def _json(reports: list[Report], clients: list[ClientReport], advice: list[Problem], *, good: bool) -> str:
    answer = {
        "good": good,
        "identity_providers": [asdict(report) | {"good": report.good} for report in reports],
        "clients": [asdict(report) | {"good": report.good} for report in clients],
        "advice": [str(one) for one in advice],
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)


def _readable(reports: Sequence[Report | ClientReport], advice: list[Problem]) -> str:
    lines = []
    for report in reports:
        lines.append(f"{report.title}: {'well' if report.good else 'FALLS SHORT'}")
        lines += [f"  {'ok ' if one.good else 'BAD'} {one.check:<14} {clean(one.text)}" for one in report.findings]
    lines += [f"advice: {one}" for one in advice]
    return "\n".join(lines) or "there is no identity provider to look at"
