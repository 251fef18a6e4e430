"""What may be issued, what was issued, the session behind it, and the event that records it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model.guest import Guest
from broker.model.sign_in_policy import DEPLOYMENT_S, TokenLifetimes

ClaimValue = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """One (tenant, IdP, subject) session behind a browser session. Times are epoch seconds.

    `identity` is the sealed Identity (see `sessions`); `sub` the person's opaque subject; `source` the upstream that
    the IdP's settings pointed at (see `policy.upstream_of`); `upstream_sid`, `upstream_sub` how the upstream names
    session and person when it ends them. `guest`: the entry that let a person of another tenant in.
    """

    sid: str
    tenant: str  # the active tenant
    home_tenant: str
    idp: str
    upstream: str
    sub: str
    auth_time: int | None
    created_at: int
    last_seen: int
    expires_at: int
    identity: str = field(repr=False, default="")
    source: str = ""
    upstream_sid: str | None = None
    upstream_sub: str | None = field(repr=False, default=None)
    guest: Guest | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Terms:
    """What client and broker agreed on beside scope and nonce: from the authorization request to every token of it.

    resources: the APIs asked for, by audience (RFC 8707). id_token_claims, userinfo_claims: names asked for one by one
    (OIDC Core §5.5). cnf: what every token of the grant is bound to (RFC 7800), `jkt` or `x5t#S256`; empty: to nothing.
    acr_values: the names under which the client wants to hear how somebody signed in, the dearest first.
    operator_sid: the session of whoever acts for the person with it (`grants.impersonation`); None: nobody does.
    """

    resources: tuple[str, ...] = ()
    id_token_claims: tuple[str, ...] = ()
    userinfo_claims: tuple[str, ...] = ()
    cnf: Mapping[str, str] = field(default_factory=dict)
    acr_values: tuple[str, ...] = ()
    operator_sid: str | None = None


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts for somebody (RFC 8693 §4.1), by a token of this client. person False: `sub` is the workload."""

    sub: str
    client_id: str
    person: bool


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a grant proved. The issuer mints exactly this, after its own last check.

    A workload's own token has no `home_tenant`, `idp`, `sid` and no `authenticated_tenant`: nobody signed in.
    actors: who acts for `sub`, the last one first. expires_at: the latest end of its access token.
    api_roles, access_token_alg: what the APIs that are its audience make of `roles`, and how their token is signed;
    None: nothing of their own.
    """

    client_id: str
    grant_id: str
    tenant: str | None  # None: a workload that speaks for no tenant (`tenant_claims: false`)
    sub: str
    scope: tuple[str, ...]
    claims: Mapping[str, ClaimValue]
    roles: tuple[str, ...]
    audience: tuple[str, ...]
    revision: int
    home_tenant: str | None = None
    idp: str | None = None
    sid: str | None = None
    authenticated_tenant: str | None = None  # the tenant whose IdP proved the person: the last check compares
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None
    nonce: str | None = None
    email_verified: bool | None = None
    idp_chain: tuple[str, ...] = ()
    groups_complete: bool = True
    upstream_checked_at: int | None = None
    refresh_token: str | None = field(default=None, repr=False)
    terms: Terms = NO_TERMS
    actors: tuple[Actor, ...] = ()
    expires_at: int | None = None
    workload: bool = False
    api_roles: tuple[str, ...] | None = None
    access_token_alg: str | None = None
    lifetimes: TokenLifetimes = DEPLOYMENT_S
    guest: Guest | None = None  # the entry by which a person of another tenant speaks for this one


@dataclass(frozen=True, slots=True)
class TokenSet:
    """RFC 6749 §5.1. Members that are None are left out of the response."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    token_type: str = "Bearer"
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One step of a sign-in or one act on the configuration. No secret, no token, no raw assertion in it.

    event: dotted name such as `sign_in.completed`, `saml.rejected`. outcome: success | failure | abandoned.
    reason: the one machine-readable reason of a failure. reference: what the user was shown (xxxx-xxxx).
    """

    event: str
    outcome: str
    reference: str
    tenant: str | None = None
    client_id: str | None = None
    idp: str | None = None
    reason: str | None = None
    sub: str | None = None
    sid: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for until it is redeemed (RFC 6749 §4.1.2); the store keeps it sealed."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    tenant: str
    sid: str
    reference: str
    nonce: str | None = None
    code_challenge: str | None = None
    terms: Terms = NO_TERMS


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the current revision's rules let us say about a session's person to one client (contract section 3)."""

    allowed: bool
    claims: Mapping[str, ClaimValue]
    roles: tuple[str, ...]
    reason: str | None = None  # of a denial
    message: str | None = None  # what the tenant's `deny` rule says
    email_verified: bool | None = None
    acr: str | None = None
    acrs: tuple[str, ...] = ()  # every name under which a client may hear of it: see `assurance`
    amr: tuple[str, ...] = ()
    idp_chain: tuple[str, ...] = ()
    groups_complete: bool = True
    lifetimes: TokenLifetimes = DEPLOYMENT_S  # of tokens that say it
    guest: Guest | None = None  # the entry that lets a person of another tenant in
    held: tuple[str, ...] = ()  # every role of theirs here, also those that mean nothing to the client
