"""What operators configure, as data. Built only by `configuration`; never subclassed, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from broker.model.application_auth import ApplicationAuth
from broker.model.guest import Guest
from broker.model.hook import Hook
from broker.model.impersonation import Impersonation
from broker.model.provider import IdentityProvider
from broker.model.rules import Rule
from broker.model.sign_in_policy import NO_POLICY, SignInPolicy

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HomeRealmSettings:
    email_domains: tuple[str, ...] = ()  # A-labels, lower case; "*.x" matches every name below x, not x itself
    subdomain: str | None = None
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    id: str
    name: str
    identity_providers: Mapping[str, IdentityProvider]
    active: bool = True
    home_realm: HomeRealmSettings = HomeRealmSettings()
    roles: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    sign_in: SignInPolicy = NO_POLICY
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # client_id -> roles of its own tokens
    guests: tuple[Guest, ...] = ()
    guests_out: bool = True  # whether its people may be guests elsewhere
    impersonation: Impersonation | None = None  # None: nobody may act for its people
    hook: Hook | None = None  # asked at every sign-in of its people

    @property
    def label(self) -> str:
        """The leftmost host label that stands for this tenant (contract section 2, Hosts)."""
        return self.home_realm.subdomain or self.id

    def hosts(self, home: Tenant) -> bool:
        """Whether anybody of `home` may be a guest here at all."""
        return home.guests_out and any(guest.home_tenant == home.id for guest in self.guests)


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    auth: ApplicationAuth
    post_logout_redirect_uris: tuple[str, ...] = ()
    pkce_required: bool = True
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    claims: tuple[str, ...] = ()
    audience: str | None = None
    apis: tuple[str, ...] = ()  # audiences of APIs that it may ask tokens for, beside its own `audience`
    roles: tuple[str, ...] | None = None  # None: every role of the tenant means something here
    tenants: tuple[str, ...] | None = None  # None: all
    origins: tuple[str, ...] = ()
    id_token_claims: str = "full"  # full | minimal
    tenant_claims: bool = True
    id_token_alg: str | None = None
    access_token_alg: str | None = None
    userinfo_alg: str | None = None  # None: userinfo answers in plain JSON
    introspection_alg: str | None = None  # of signed answers (RFC 9701); None: the deployment's
    backchannel_logout_uri: str | None = None
    frontchannel_logout_uri: str | None = None
    initiate_login_uri: str | None = None  # where a sign-in that began at the IdP goes on (OIDC Core §4)
    assertion_audience: str = "issuer"  # issuer | token_endpoint: whom a client assertion may be for (RFC 7523 §3)
    dpop: str = "optional"  # never | optional | required | nonce: required, with a nonce of ours (RFC 9449)
    mtls_bound: bool = False  # every token is bound to the certificate that the client showed (RFC 8705 §3)
    profile: str | None = None  # fapi2: the FAPI 2.0 Security Profile as a whole
    response_modes: tuple[str, ...] = ("query", "form_post")
    require_par: bool = False  # RFC 9126 §6
    require_signed_request: bool = False  # RFC 9101 §10.5
    sector: str | None = None  # the host whose clients know people by the same pairwise `sub`; None: public subjects
    sector_identifier_uri: str | None = None  # where that host says that this client is one of its own
    impersonation: bool = False  # a help desk's: its operators may act for people, where their tenant lets them
    asks_consent: bool = False  # a third party: people are asked before it learns anything of them

    @property
    def fapi2(self) -> bool:
        return self.profile == "fapi2"

    @property
    def public(self) -> bool:
        return self.auth.method == "none"

    @property
    def proves_a_key(self) -> bool:
        """Every token is bound to the key of a DPoP proof."""
        return self.dpop in {"required", "nonce"}

    @property
    def sender_constrained(self) -> bool:
        """No token of it is good without the key that it is bound to."""
        return self.mtls_bound or self.proves_a_key

    def may_use(self, tenant: str) -> bool:
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Api:
    """A resource server, named by its audience.

    introspecting, exchanging: client_ids that may ask about its tokens, and that may exchange tokens for them. Its own
    credentials, if it has any, are a client that may do nothing but ask: see `Configuration.clients`.
    """

    audience: str
    name: str
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] | None = None  # None: every role of tenant and client means something here
    tenants: tuple[str, ...] | None = None  # None: all
    introspecting: tuple[str, ...] = ()
    exchanging: tuple[str, ...] = ()
    access_token: int | None = None  # seconds; None: the deployment's lifetime
    access_token_alg: str | None = None  # None: the client's

    def serves(self, tenant: str) -> bool:
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Signing:
    default: str = "ES256"
    also: tuple[str, ...] = ("RS256",)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Every algorithm that has keys; RS256 is always there (contract section 3)."""
        return tuple(dict.fromkeys((self.default, *self.also, "RS256")))


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds."""

    access_token: int = 600
    id_token: int = 600
    refresh_token: int = 30 * 86400
    session_idle: int = 8 * 3600
    session_absolute: int = 24 * 3600
    code: int = 60
    sign_in: int = 600


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """How a trusted proxy tells us the certificate of the TLS client (RFC 8705), and whether it trusts who issued it.

    header: the certificate. verify_header: `SUCCESS` in it; None: the proxy lets no other certificate pass.
    """

    header: str
    verify_header: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """`broker.yaml` with the environment applied: what belongs to the installation, not to a revision."""

    issuer: str
    database_url: str = field(repr=False)
    trusted_proxies: tuple[Network, ...] = ()
    private_networks: tuple[Network, ...] = ()
    signing: Signing = Signing()
    lifetimes: Lifetimes = Lifetimes()
    mtls: ClientCertificates | None = None

    @property
    def loopback(self) -> bool:
        """True only where the issuer is http on a loopback address: there http and loopback are accepted."""
        return self.issuer.startswith("http://")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One revision of clients, APIs and tenants, valid as a whole, with its indexes. `revision` 0: not stored yet."""

    revision: int
    tenants: Mapping[str, Tenant]
    clients: Mapping[str, Client]
    domains: Mapping[str, str]  # exact e-mail domain -> tenant id
    wildcards: Mapping[str, str]  # "x" of "*.x" -> tenant id
    labels: Mapping[str, str]  # host label -> tenant id
    networks: tuple[tuple[Network, str], ...]  # most specific first -> tenant id
    apis: Mapping[str, Api] = field(default_factory=dict)  # by audience
    listed: tuple[tuple[str, str], ...] = field(init=False, default=())  # (tenant, IdP) of every `listed: true`
    hosts: Mapping[tuple[str, str], tuple[str, ...]] = field(init=False, default_factory=dict)  # of (home, address)

    def __post_init__(self) -> None:
        providers = (idp for tenant in self.tenants.values() for idp in tenant.identity_providers.values())
        object.__setattr__(self, "listed", tuple((idp.tenant, idp.id) for idp in providers if idp.listed))
        hosts: dict[tuple[str, str], tuple[str, ...]] = {}
        for tenant in self.tenants.values():
            for guest in tenant.guests:
                named = (guest.home_tenant, guest.email)
                hosts[named] = (*hosts.get(named, ()), tenant.id)
        object.__setattr__(self, "hosts", hosts)
