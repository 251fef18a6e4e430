"""What travels during one sign-in. Anything not yet checked has `unverified` in its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model.token import NO_TERMS, Terms

Value = str | int | float | bool
ANY_AGE = 2_147_483_647  # seconds: when somebody signed in must be known, and however long ago it was will do


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """A client's validated authorization request in flight; survives the trip to the IdP; single use.

    `id` names the transaction (it is the upstream `state` and `RelayState`); `memory` is the connector's own.
    `tenant` is the active tenant; (`home_tenant`, `idp`) the home realm where the person signs in.
    """

    id: str
    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    created_at: int
    response_mode: str = "query"
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None  # always S256
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str | None = None
    domain_hint: str | None = None
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()  # one of them, or no code (OIDC Core §5.5.1.1)
    ui_locales: str | None = None
    asked_tenant: str | None = None  # named by `tenant`, acr_values, host or redirect URI; proven to exist
    asked_idp: str | None = None
    id_token_hint_sub: str | None = None
    id_token_hint_sid: str | None = None
    tenant: str | None = None
    home_tenant: str | None = None
    idp: str | None = None
    reauthenticate: bool = False  # fresh authentication was asked of the IdP (prompt=login, max_age)
    multi_factor: bool = False  # several factors were asked of it
    terms: Terms = NO_TERMS
    pushed: str | None = None  # the handle of a pushed request, used up when this ends (RFC 9126 §4)
    device: str | None = None  # the user code of a device that is answered instead of a redirect URI (RFC 8628)
    reference: str = ""  # joins every page, log line and audit event of this sign-in
    memory: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Callback:
    """The IdP's answer as it came, all of it unverified. Repeated parameters keep every value."""

    method: str
    query: Mapping[str, tuple[str, ...]]
    form: Mapping[str, tuple[str, ...]]
    raw_query: str = ""  # as it came, escapes and all: a SAML redirect's signature is over these bytes
    read: dict[str, object] = field(default_factory=dict, compare=False, repr=False)  # field -> what it holds


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class PostForm:
    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a connector wants the browser to do, and what it must remember until the answer comes."""

    action: Redirect | PostForm
    memory: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a connector proved. Constructed only inside `connectors`, or restored by `sessions` from a sealed value.

    attributes: upstream name -> values, as sent (nested OIDC objects flattened with dots; booleans and numbers kept).
    auth_time: the upstream's authentication instant, epoch seconds; None: unknown.
    session_ends: SessionNotOnOrAfter, epoch seconds. logout: what an upstream logout needs (NameID, SessionIndex, sid).
    chain: where the upstream is a broker too, itself and the authorities behind it, the nearest first.
    """

    tenant: str
    idp: str
    upstream: str  # issuer or entityID
    subject: str
    attributes: Mapping[str, tuple[Value, ...]]
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None
    session_ends: int | None = None
    logout: Mapping[str, str] = field(default_factory=dict)
    replay_key: str | None = None  # single use: issuer and assertion id, remembered until `replay_until`
    replay_until: int = 0
    email_verified: bool | None = None  # OIDC's claim where it was a boolean; None: the IdP said nothing
    chain: tuple[str, ...] = ()
    groups_complete: bool = True  # False: the groups are an older list, in place of one that did not come whole
    refresh_token: str | None = field(repr=False, default=None)  # the upstream's
    record: Mapping[str, tuple[str, ...]] = field(repr=False, default_factory=dict)  # what operators wrote
    told: Mapping[str, tuple[Value, ...]] = field(repr=False, default_factory=dict)  # what the tenant's hook answered


@dataclass(frozen=True, slots=True)
class Signal:
    """One home-realm signal that was looked at, and what came of it, in words for the operator."""

    signal: str
    result: str


@dataclass(frozen=True, slots=True)
class HomeRealm:
    """The decision. outcome: redirect (tenant and idp set) | chooser | error (`reason` says which).

    `active_tenant` None with outcome redirect: the home tenant is the active tenant.
    """

    outcome: str
    active_tenant: str | None
    tenant: str | None
    idp: str | None
    signal: str | None
    tried: tuple[Signal, ...]
    choices: tuple[tuple[str, str], ...] = ()  # (tenant, idp) for the chooser
    reason: str | None = None
