"""The broker's values: frozen dataclasses, standard library only. Every other module speaks in these words.

provider   an upstream, as operators configure it: IdentityProvider, its settings, VendorProfile
realm      what else they configure: Tenant, Client, Deployment, Configuration
rules      a tenant's claims rules, as data
sign_in    what travels during one sign-in: AuthRequest, Callback, Begun, HomeRealm, Identity
token      what may be issued and what was: Authorization, TokenSet, Session, AuditEvent
"""

from broker.model.provider import (
    TENANT_ID,
    Asked,
    GraphClient,
    Groups,
    IdentityProvider,
    MetadataSource,
    OAuth2Settings,
    OidcSettings,
    OnlyFor,
    SamlSettings,
    Secret,
    UpstreamRefresh,
    VendorProfile,
    WsFedSettings,
)
from broker.model.realm import (
    ApplicationAuth,
    Client,
    Configuration,
    Deployment,
    HomeRealmSettings,
    Lifetimes,
    Signing,
    SignInPolicy,
    Tenant,
)
from broker.model.rules import Deny, Drop, Role, Roles, Rule, Set
from broker.model.sign_in import (
    AuthRequest,
    Begun,
    Callback,
    HomeRealm,
    Identity,
    PostForm,
    Redirect,
    Signal,
    Value,
)
from broker.model.token import AuditEvent, Authorization, ClaimValue, Code, Entitlement, Session, TokenSet

__all__ = [
    "TENANT_ID",
    "ApplicationAuth",
    "Asked",
    "AuditEvent",
    "AuthRequest",
    "Authorization",
    "Begun",
    "Callback",
    "ClaimValue",
    "Client",
    "Code",
    "Configuration",
    "Deny",
    "Deployment",
    "Drop",
    "Entitlement",
    "GraphClient",
    "Groups",
    "HomeRealm",
    "HomeRealmSettings",
    "Identity",
    "IdentityProvider",
    "Lifetimes",
    "MetadataSource",
    "OAuth2Settings",
    "OidcSettings",
    "OnlyFor",
    "PostForm",
    "Redirect",
    "Role",
    "Roles",
    "Rule",
    "SamlSettings",
    "Secret",
    "Session",
    "Set",
    "SignInPolicy",
    "Signal",
    "Signing",
    "Tenant",
    "TokenSet",
    "UpstreamRefresh",
    "Value",
    "VendorProfile",
    "WsFedSettings",
]
