"""The broker's values: frozen dataclasses, standard library only. Every other module speaks in these words.

provider   an upstream, as operators configure it: IdentityProvider, its settings, VendorProfile
application_auth   how an application proves itself
guest      somebody of another tenant
hook       a tenant's own service that is asked at sign-in
consent    what somebody lets an application do
impersonation   who may act for a tenant's people
realm      what else they configure: Tenant, Client, Api, Deployment, Configuration
rules      a tenant's claims rules, as data
sign_in_policy   when and how a tenant's people may sign in
sign_in    what travels during one sign-in: AuthRequest, Callback, Begun, HomeRealm, Identity
token      what may be issued and what was: Authorization, TokenSet, Session, AuditEvent
"""

from broker.model.application_auth import ApplicationAuth, CertificateName, ClaimTypes, Workload
from broker.model.consent import Consent
from broker.model.guest import Guest
from broker.model.hook import Hook
from broker.model.impersonation import Impersonation
from broker.model.provider import (
    TENANT_ID,
    Asked,
    GraphClient,
    Groups,
    IdentityProvider,
    MetadataSource,
    MultiFactor,
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
    Api,
    Client,
    ClientCertificates,
    Configuration,
    Deployment,
    HomeRealmSettings,
    Lifetimes,
    Signing,
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
from broker.model.sign_in_policy import Hours, SignInPolicy, TokenLifetimes
from broker.model.token import (
    NO_TERMS,
    Actor,
    AuditEvent,
    Authorization,
    ClaimValue,
    Code,
    Entitlement,
    Session,
    Terms,
    TokenSet,
)

__all__ = [
    "NO_TERMS",
    "TENANT_ID",
    "Actor",
    "Api",
    "ApplicationAuth",
    "Asked",
    "AuditEvent",
    "AuthRequest",
    "Authorization",
    "Begun",
    "Callback",
    "CertificateName",
    "ClaimTypes",
    "ClaimValue",
    "Client",
    "ClientCertificates",
    "Code",
    "Configuration",
    "Consent",
    "Deny",
    "Deployment",
    "Drop",
    "Entitlement",
    "GraphClient",
    "Groups",
    "Guest",
    "HomeRealm",
    "HomeRealmSettings",
    "Hook",
    "Hours",
    "Identity",
    "IdentityProvider",
    "Impersonation",
    "Lifetimes",
    "MetadataSource",
    "MultiFactor",
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
    "Terms",
    "TokenLifetimes",
    "TokenSet",
    "UpstreamRefresh",
    "Value",
    "VendorProfile",
    "Workload",
    "WsFedSettings",
]
