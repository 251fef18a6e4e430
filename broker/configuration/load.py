"""A bundle to a `Configuration`, or to every problem it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from broker.configuration import apis, application_auth, build
from broker.configuration.bundle import Bundle, read_folder
from broker.configuration.checks import Context, Finding, across, check_api, check_client, check_tenant, check_workload
from broker.configuration.checks.api import Apis, Clients, Tenants
from broker.configuration.checks.workload import Workloads
from broker.configuration.deployment import read_settings
from broker.configuration.document import read
from broker.configuration.secrets import SecretSource
from broker.configuration.shapes import ApiShape, ClientShape, Read, TenantShape, WorkloadShape, read_shape
from broker.configuration.shapes.fields import Shape
from broker.configuration.urls import UrlRules
from broker.errors import ConfigurationError, Problem
from broker.model import Api, Client, Configuration, Deployment, Lifetimes, Signing, Tenant, Workload


def load(
    bundle: Bundle,
    deployment: Deployment,
    *,
    environ: Mapping[str, str],
    revision: int,
    warn: Callable[[Problem], None] | None = None,
) -> Configuration:
    """The configuration of a bundle. Raises ConfigurationError with all problems; `warn` hears of the warnings.

    A secret that cannot be resolved leaves `None` where it would stand: what needs it fails by name.
    """
    reading = _Reading(bundle, deployment, environ)
    reading.read()
    found = sorted({*bundle.problems, *reading.problems})
    problems = [problem for problem in found if not problem.warning]
    if problems:
        raise ConfigurationError(problems)
    if warn is not None:
        for warning in found:
            warn(warning)
    return build.configuration(revision, reading.clients, reading.tenants, reading.apis)


def check(path: Path, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> list[Problem]:
    """Every problem and warning of a configuration folder, sorted by file and line. No network request."""
    bundle = read_folder(path)
    settings = read_settings(bundle, environ, overrides or {})
    reading = _Reading(bundle, settings.deployment, environ)
    reading.read()
    return sorted({*bundle.problems, *settings.problems, *reading.problems})


S = TypeVar("S", bound=Shape)


@dataclass
class _Reading:
    """One pass over a bundle. `deployment` None: broker.yaml has no issuer; nothing is refused because of that."""

    bundle: Bundle
    deployment: Deployment | None
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    tenants: list[Tenant] = field(default_factory=list)
    apis: list[Api] = field(default_factory=list)
    workloads: dict[str, Workload] = field(default_factory=dict)

    def read(self) -> None:
        self._secrets = SecretSource(self.environ, self.bundle.root)
        workloads = self._workloads()  # first: clients are built from them
        clients, found, tenants = self._clients(), self._apis(), self._tenants()
        self.problems += across(clients, found, tenants, workloads, self.deployment)

    def _workloads(self) -> Workloads:
        return self._folder("workloads", WorkloadShape, check_workload, self._keep_workload)

    def _keep_workload(self, shape: WorkloadShape, _context: Context) -> None:
        self.workloads[shape.name] = application_auth.shared(shape)

    def _clients(self) -> Clients:
        return self._folder("clients", ClientShape, check_client, lambda *one: self.clients.append(build.client(*one)))

    def _apis(self) -> Apis:
        return self._folder("apis", ApiShape, check_api, self._keep_api)

    def _keep_api(self, shape: ApiShape, context: Context) -> None:
        asking = apis.asking_client(shape, context)
        self.apis.append(apis.api(shape))
        self.clients += [asking] if asking else []

    def _tenants(self) -> Tenants:
        return self._folder("tenants", TenantShape, check_tenant, lambda *one: self.tenants.append(build.tenant(*one)))

    def _folder(
        self,
        folder: str,
        shape: type[S],
        judge: Callable[[S, Context], list[Finding]],
        keep: Callable[[S, Context], None],
    ) -> list[tuple[Read[S], S]]:
        """Read, judge and, where nothing is wrong, build every object of a folder."""
        found = []
        for name, data in self.bundle.below(folder):
            one, context = read_shape(shape, read(data, name)), self._context(name)
            self.problems += one.problems
            if one.shape is None:
                continue
            found.append((one, one.shape))
            findings = judge(one.shape, context)
            for finding in findings:
                self.problems += one.problem(finding.path, finding.what, finding.remedy, warning=finding.warning)
            if one.whole and all(finding.warning for finding in findings):
                keep(one.shape, context)
        return found

    def _context(self, name: str) -> Context:
        deployment = self.deployment
        if deployment is None:
            rules, algorithms = UrlRules(loopback=True), Signing().algorithms
            return Context(name, rules, algorithms, Lifetimes(), self._secrets, self.bundle, workloads=self.workloads)
        rules = UrlRules(deployment.loopback, deployment.private_networks)
        algorithms, lifetimes = deployment.signing.algorithms, deployment.lifetimes
        return Context(
            name,
            rules,
            algorithms,
            lifetimes,
            self._secrets,
            self.bundle,
            deployed=True,
            certificates=deployment.mtls,
            workloads=self.workloads,
        )
