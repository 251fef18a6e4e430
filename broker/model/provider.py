"""An upstream that one tenant trusts, as operators configure it. Built only by `configuration`; never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TENANT_ID = "{tenantid}"  # in the issuer of Entra's documents for many tenants


@dataclass(frozen=True, slots=True)
class Secret:
    """A resolved secret. `reveal()` is the only way to its text; it never shows in a repr or a log line."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        return self._text


@dataclass(frozen=True, slots=True)
class Asked:
    """What a vendor's admin chooses (`source`, in the vendor's own words) and the name to send it under."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """One row of vendor defaults (`broker/configuration/vendors/<name>.yaml`).

    claim_names: upstream attribute or claim name -> short name. types: short name -> text | list | bool | number.
    subject: candidates in order; each is `name_id`, `sub`, an attribute name, or several joined by `+`.
    methods: an acr, amr or method value -> RFC 8176 words. never: protocol -> short name that the vendor never sends
    -> what to do about it. ask: protocol -> short name -> what its admin is asked to send.
    mfa_ask: protocol -> classes, acr values or the `wauth` that ask for several factors; mfa_parameters: an OpenID
    provider's own parameters for that; mfa_advice: protocol -> what to change where no answer speaks of several.
    """

    name: str
    claim_names: Mapping[str, str]
    types: Mapping[str, str]
    subject: tuple[str, ...]
    skew_seconds: int = 120
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    issuer: str | None = None  # of a vendor that has one for everybody
    issuer_spellings: tuple[str, ...] = ()  # what else it calls itself in tokens
    hints: tuple[str, ...] = ("login_hint",)  # of the client's request, those that the IdP may hear
    prompts: tuple[str, ...] = ("login", "select_account")  # values of `prompt` that it understands
    assertion_alg: str = "RS256"
    thumbprint: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)  # protocol oauth2: authorization, token, profile, emails
    token_proof: str | None = None  # protocol oauth2: see OAuth2Settings
    allow_cbc: bool = False  # it may encrypt with AES-CBC: its default
    logout_issuers: Mapping[str, str] = field(default_factory=dict)  # start of its entityID -> as it is in logout
    accept_mutable: bool = False  # a NameID that is an address or a user name may key a person
    name_id: str | None = None  # what it is unless its admin chooses: an e-mail address, a user name; None: unknown
    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ask: Mapping[str, Mapping[str, Asked]] = field(default_factory=dict)
    mfa_ask: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mfa_parameters: Mapping[str, str] = field(default_factory=dict)
    mfa_advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MultiFactor:
    """What means several factors at one IdP, in place of its vendor's words: context classes, methods as they are sent,
    Entra's authentication contexts. Any one of them is enough."""

    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    acrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnlyFor:
    """`for:` of an identity provider: it is chosen only for these e-mail domains (A-labels, `*.` wildcards)."""

    email_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetadataSource:
    """Where SAML metadata comes from: exactly one of a URL or the document itself (read from `file` at load)."""

    url: str | None = None
    document: bytes | None = field(default=None, repr=False)
    pin: tuple[str, ...] = ()  # SHA-256 of the signing certificates that may be trusted, in hex; empty: all


@dataclass(frozen=True, slots=True)
class SamlSettings:
    metadata: MetadataSource
    entity_id: str | None = None  # which entity of the metadata; needed when the document holds several
    sp_entity_id: str | None = None  # default: our SP metadata URL
    sign_requests: bool | None = None  # None: as the IdP's metadata asks (WantAuthnRequestsSigned)
    want_signed: str = "either"  # assertion | response | either
    name_id_format: str | None = None
    subject: tuple[str, ...] = ()  # overrides the profile's candidates
    allow_cbc: bool = False  # what it encrypts may be AES-CBC
    own_key: bool = False  # our key pair towards it is its own, not the deployment's
    request_binding: str | None = None  # redirect | post; None: redirect where it has that
    authn_context: tuple[str, ...] = ()  # classes asked for, one of which is required
    authn_comparison: str = "exact"  # | minimum
    unsolicited: tuple[tuple[str, str | None], ...] = ()  # (client_id, link) that its own portal may lead to
    logout: str = "local"  # | upstream: signing out here signs out there


@dataclass(frozen=True, slots=True)
class OidcSettings:
    issuer: str
    client_id: str
    client_secret: Secret | None = None
    client_auth: str = "client_secret_basic"  # | client_secret_post | private_key_jwt | none
    scopes: tuple[str, ...] = ()  # overrides the profile's
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")  # accepted ID token algorithms
    userinfo: str = "merge"  # merge | never
    subject: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()  # every `iss` that a token may carry; empty: `issuer` alone
    discovery: str | None = None  # where its document is, query and all; None: below `issuer`
    response_mode: str = "query"  # | form_post
    assertion_alg: str = "RS256"  # of private_key_jwt: RS256 | PS256
    thumbprint: str | None = None  # the certificate's name in its header: x5t | x5t#S256
    resource: str | None = None  # what AD FS issues for
    access_token_claims: bool = False  # read its access token for `resource` too; userinfo is not asked then
    authorize: Mapping[str, str] = field(default_factory=dict)  # further parameters of the authorization request
    acr_values: tuple[str, ...] = ()  # asked for, and one of them required
    claims_request: str | None = None  # the `claims` parameter as JSON; its essential values are required
    hosted_domains: tuple[str, ...] = ()  # Google's `hd`, one of which is required
    client_secret_expires: int | None = None  # epoch seconds; nothing stops then, but operators hear of it before
    logout: str = "local"  # | upstream: signing out here signs out there
    presented_by: tuple[str, ...] = ()  # clients that may bring its ID tokens for tokens of ours
    presented_audiences: tuple[str, ...] = ()  # whom these may be for, beside ourselves

    @property
    def of_many_tenants(self) -> bool:
        """`issuer` is Entra's template, and `issuers` what it becomes for each allowed tenant."""
        return TENANT_ID in self.issuer


@dataclass(frozen=True, slots=True)
class OAuth2Settings:
    """Plain OAuth 2.0 and a profile document, where a vendor has no OpenID Connect. `upstream` stands for an issuer."""

    upstream: str
    client_id: str
    authorization_endpoint: str
    token_endpoint: str
    profile_endpoint: str
    emails_endpoint: str | None = None  # a list of {email, primary, verified}
    client_secret: Secret | None = None
    client_auth: str = "client_secret_post"  # | client_secret_basic
    scopes: tuple[str, ...] = ()
    authorize: Mapping[str, str] = field(default_factory=dict)
    subject: tuple[str, ...] = ()
    client_secret_expires: int | None = None
    token_proof: str | None = None  # parameter of the profile's address: the access token's HMAC under the secret


@dataclass(frozen=True, slots=True)
class UpstreamRefresh:
    """How often an IdP is asked whether a session's person is still welcome there. Seconds."""

    max_age: int
    outage: int = 4 * 3600  # how long beyond `max_age` a session may live on while the IdP does not answer


@dataclass(frozen=True, slots=True)
class GraphClient:
    """An Entra application of ours that may read groups, where the IdP is no OAuth client or another should ask."""

    client_id: str
    client_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """What happens when an IdP says that it left groups out. Endpoints: an origin each, for tests on loopback."""

    overage: str = "mark"  # deny | resolve | keep_last | mark
    unresolved: str = "mark"  # deny | keep_last | mark: where `resolve` did not succeed
    login: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    client: GraphClient | None = None

    @property
    def incomplete(self) -> str:
        """What to do with a list that stayed incomplete: deny | keep_last | mark."""
        return self.unresolved if self.overage == "resolve" else self.overage


@dataclass(frozen=True, slots=True)
class WsFedSettings:
    metadata: MetadataSource
    entity_id: str | None = None  # which entity of the metadata; needed when the document holds several
    wtrealm: str | None = None  # our name there; default: our metadata URL
    whr: str | None = None  # the home realm to name, where the IdP would ask
    wauth: str | None = None  # the authentication method to ask for, which the answer must then show
    logout: str = "local"  # | upstream: signing out here signs out there
    subject: tuple[str, ...] = ()
    allow_cbc: bool = False  # what it encrypts may be AES-CBC


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An upstream that one tenant trusts. Exactly one of `saml`, `oidc`, `oauth2`, `wsfed` is set: see `protocol`."""

    tenant: str
    id: str
    name: str
    protocol: str  # saml | oidc | oauth2 | wsfed
    profile: VendorProfile
    enabled: bool = True
    listed: bool = False
    only_for: OnlyFor | None = None
    emails: str = "own"  # own | any
    claim_types: Mapping[str, str] = field(default_factory=dict)
    skew_seconds: int = 120
    accept_mutable: bool = False  # the profile's, or the operator's `subject: {accept_mutable: …}`
    saml: SamlSettings | None = None
    oidc: OidcSettings | None = None
    oauth2: OAuth2Settings | None = None
    wsfed: WsFedSettings | None = None
    refresh: UpstreamRefresh | None = None
    groups: Groups = Groups()
    mfa: MultiFactor | None = None  # None: as the profile has it
    link_by_email: bool = False  # one proven address is one person, at every IdP of the tenant that says so
    enriched: tuple[str, ...] = ()  # names of `incoming` that a person's record gives, and nothing else
    fingerprint: str = ""  # of everything above: caches are keyed by (tenant, id, fingerprint)
