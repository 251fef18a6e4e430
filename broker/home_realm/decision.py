"""The home realm: signals are asked in the order of `SIGNALS`, and the first that settles it decides.

Every signal is a hint. It never admits anybody: whoever it sends to an identity provider still passes `policy.admit`.
An identity provider that is switched off, a suspended tenant, and a tenant that may not use the client are never
chosen; where a domain leads to one, the answer is that of an unknown domain (TN-07).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from broker import domains
from broker.home_realm.serving import Realm, claims, for_everybody, serving
from broker.model import Client, Configuration, HomeRealm, IdentityProvider, Signal, Tenant

Address = IPv4Address | IPv6Address

PUBLIC = {
    "tenant_conflict": "This request names two different organisations. Go back to the application and start again.",
    "tenant_unknown": "The organisation named by this request is not known here. Check the address you opened.",
    "tenant_suspended": "Sign-in for your organisation is suspended. Ask your administrator.",
    "client_tenant": "Your organisation may not use this application.",
    "idp_unknown": "The place to sign in named by this request cannot be used. Go back to the application.",
}


@dataclass(frozen=True, slots=True)
class Question:
    configuration: Configuration
    client: Client
    active: Tenant | None
    asked_idp: str | None
    email: str | None
    domain_hint: str | None
    ip: Address | None
    remembered: tuple[Realm, ...]
    chosen: Realm | None
    ask: bool

    def usable(self, tenant_id: str) -> Tenant | None:
        """The tenant, if this client's people may sign in through it at all."""
        tenant = self.configuration.tenants.get(tenant_id)
        return tenant if tenant is not None and tenant.active and self.client.may_use(tenant_id) else None

    def home(self, tenant_id: str) -> Tenant | None:
        """The tenant, if somebody may sign in there for the active tenant: at home, or to be a guest of it."""
        tenant = self.configuration.tenants.get(tenant_id)
        if tenant is not None and tenant.active and self.active is not None and self.active.hosts(tenant):
            return tenant
        return self.usable(tenant_id)

    def provider(self, realm: Realm) -> IdentityProvider | None:
        tenant = self.home(realm[0])
        idp = tenant.identity_providers.get(realm[1]) if tenant else None
        return idp if idp is not None and idp.enabled else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one signal says: `realm` settles it, several `choices` are for the person, `reason` refuses."""

    result: str
    realm: Realm | None = None
    choices: tuple[Realm, ...] = ()
    reason: str | None = None

    @property
    def settles(self) -> bool:
        return bool(self.realm or self.choices or self.reason)


def decide(
    configuration: Configuration,
    client: Client,
    *,
    asked_tenant: str | None = None,
    asked_idp: str | None = None,
    email: str | None = None,
    domain_hint: str | None = None,
    ip: Address | None = None,
    remembered: tuple[Realm, ...] = (),
    chosen: Realm | None = None,
    ask: bool = False,
    tried: tuple[Signal, ...] = (),
) -> HomeRealm:
    """Where this person signs in.

    asked_tenant: the active tenant, if any. remembered: what this browser used, newest first, proven ours by the
    caller. chosen: what the person picked on the chooser. ask: the person wants to choose (`prompt=select_account`),
    so nothing silent decides. tried: what `active_tenant` looked at. Errors are outcome `error` with a key of PUBLIC.
    """
    active = configuration.tenants.get(asked_tenant) if asked_tenant is not None else None
    question = Question(configuration, client, active, asked_idp, email, domain_hint, ip, remembered, chosen, ask)
    reason = _refusal(question, asked_tenant)
    if reason is not None:
        return _answer(question, Finding("", reason=reason), "tenant", tried)
    for signal, look in SIGNALS:
        finding = look(question)
        if finding is None:
            continue
        tried = (*tried, Signal(signal, finding.result))
        if finding.settles:
            return _answer(question, finding, signal, tried)
    choices = _choices(question)
    shown = Finding(f"shows {len(choices)} identity providers and asks for the e-mail address", choices=choices)
    return _answer(question, shown, "chooser", (*tried, Signal("chooser", shown.result)))


def domains_told(realm: HomeRealm, *, email: str | None, domain_hint: str | None) -> frozenset[str]:
    """The domains about which this decision tells whether somebody here serves them."""
    if realm.signal in {"tenant", "idp"}:
        return frozenset()
    named = {None if email is None else domains.of_address(email)}
    if domain_hint is not None:
        with suppress(ValueError):
            named.add(domains.normalise(domain_hint))
    return frozenset(domain for domain in named if domain is not None)


def _refusal(question: Question, asked_tenant: str | None) -> str | None:
    if asked_tenant is None:
        return None
    if question.active is None:
        return "tenant_unknown"
    if not question.active.active:
        return "tenant_suspended"
    return None if question.client.may_use(asked_tenant) else "client_tenant"


def _answer(question: Question, finding: Finding, signal: str, tried: tuple[Signal, ...]) -> HomeRealm:
    outcome = "error" if finding.reason else "redirect" if finding.realm else "chooser"
    tenant, idp = finding.realm or (None, None)
    active = question.active.id if question.active else None
    return HomeRealm(outcome, active, tenant, idp, signal, tried, finding.choices, finding.reason)


def _by_choice(question: Question) -> Finding | None:
    """The chooser's link came back through the browser: only what the chooser would offer counts (TN-05, TN-06)."""
    if question.chosen is None:
        return None
    if question.chosen in (*_choices(question), *_offered_by_domain(question)):
        return _settled(question.chosen, "picked by the person")
    return Finding("not among the choices of this request", reason="idp_unknown")


def _by_idp(question: Question) -> Finding | None:
    """`idp=<id>` means an IdP of the active tenant; without one, or elsewhere, it means nothing (TN-06)."""
    if question.asked_idp is None:
        return None
    if question.active is None:
        return Finding("names an identity provider without naming its tenant", reason="idp_unknown")
    realm = (question.active.id, question.asked_idp)
    if question.provider(realm) is None:
        return Finding(f"{question.active.id} has no such identity provider in use", reason="idp_unknown")
    return _settled(realm, "asked for by the client")


def _by_email(question: Question) -> Finding | None:
    if question.email is None:
        return None
    domain = domains.of_address(question.email)
    return Finding("not one e-mail address") if domain is None else _by_domain(question, domain)


def _by_domain_hint(question: Question) -> Finding | None:
    if question.domain_hint is None:
        return None
    try:
        domain = domains.normalise(question.domain_hint)
    except ValueError:
        return Finding("not a domain")
    return _by_domain(question, domain)


def _by_domain(question: Question, domain: str) -> Finding:
    tenant = _tenant_of(question, domain)
    if tenant is None:
        return Finding(f"no tenant of this client serves {domain}")
    realms = serving(tenant, domain)
    if not realms:
        return Finding(f"{tenant.id} has no identity provider in use for {domain}")
    if len(realms) == 1:
        return _settled(realms[0], f"serves {domain}{_as_guest(question, tenant)}")
    many = f"{tenant.id} has {len(realms)} identity providers for {domain}{_as_guest(question, tenant)}"
    return Finding(many, choices=realms)


def _as_guest(question: Question, home: Tenant) -> str:
    active = question.active
    if active is None or active is home:
        return ""
    if not home.guests_out:
        return f"; {home.id} lets nobody be a guest of {active.id}"
    return f"; {active.id} has guests from there" if active.hosts(home) else f"; {active.id} has no guests from there"


def _tenant_of(question: Question, domain: str) -> Tenant | None:
    """The active tenant where it serves the domain in any way; else whose domain it is, exact before wildcard."""
    active = question.active
    if active is not None and claims(active, domain):
        return active
    owner = question.configuration.domains.get(domain)
    if owner is None:
        wildcards = question.configuration.wildcards
        owner = next((wildcards[name] for name in domains.above(domain) if name in wildcards), None)
    return question.home(owner) if owner is not None else None


def _by_network(question: Question) -> Finding | None:
    """An address only hints: it counts inside the active tenant, and where no tenant was named."""
    if question.ip is None or question.ask:
        return None
    owners = (tenant for network, tenant in question.configuration.networks if question.ip in network)
    active = question.active.id if question.active else None
    owner = next((tenant for tenant in owners if active in {None, tenant}), None)
    tenant = question.usable(owner) if owner is not None else None
    if tenant is None:
        return Finding("no tenant's network" if active is None else f"not a network of {active}")
    realms = for_everybody(tenant)
    if len(realms) != 1:
        return Finding(f"a network of {tenant.id}, which has {len(realms)} identity providers for everybody")
    return _settled(realms[0], f"a network of {tenant.id}")


def _by_cookie(question: Question) -> Finding | None:
    """What this browser used last, inside the active tenant where one is named (TN-12)."""
    if not question.remembered or question.ask:
        return None
    active = question.active.id if question.active else None
    for realm in question.remembered:
        if active in {None, realm[0]} and question.provider(realm) is not None:
            return _settled(realm, "used by this browser before")
    return Finding("nothing of it can be used here")


def _only_idp(question: Question) -> Finding | None:
    if question.ask:
        return None
    if question.active is None:
        return Finding("no active tenant")
    realms = for_everybody(question.active)
    if len(realms) == 1:
        return _settled(realms[0], f"the only one of {question.active.id} for everybody")
    return Finding(f"{question.active.id} has {len(realms)} identity providers for everybody")


SIGNALS: tuple[tuple[str, Callable[[Question], Finding | None]], ...] = (
    ("idp", _by_idp),
    ("chooser", _by_choice),
    ("email", _by_email),
    ("domain_hint", _by_domain_hint),
    ("network", _by_network),
    ("cookie", _by_cookie),
    ("only_idp", _only_idp),
)


def _settled(realm: Realm, why: str) -> Finding:
    return Finding(f"{realm[0]}/{realm[1]}: {why}", realm=realm)


def _choices(question: Question) -> tuple[Realm, ...]:
    """The active tenant's IdPs, those this browser used, those listed for all: never the customer list (TN-08)."""
    active = question.active
    own = [(active.id, idp) for idp in active.identity_providers] if active is not None else []
    seen = dict.fromkeys((*own, *question.remembered, *question.configuration.listed))
    return tuple(realm for realm in seen if question.provider(realm) is not None)


def _offered_by_domain(question: Question) -> tuple[Realm, ...]:
    """What the narrowed chooser offered for the e-mail address or domain that travels with the choice."""
    findings = (_by_email(question), _by_domain_hint(question))
    return tuple(realm for finding in findings if finding is not None for realm in finding.choices)
