"""What counts as several factors, and how they are asked for: by the vendor's row, or by the provider's own `mfa`."""

from __future__ import annotations

import pytest

from broker import assurance
from broker.configuration import profile
from broker.model import Identity, IdentityProvider, MultiFactor

MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
REFERENCES = "http://schemas.microsoft.com/claims/authnmethodsreferences"
REFEDS = "https://refeds.org/profile/mfa"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def provider(vendor: str, protocol: str, mfa: MultiFactor | None = None) -> IdentityProvider:
    return IdentityProvider("contoso", "idp", "IdP", protocol, profile(vendor), mfa=mfa)


def several(idp: IdentityProvider, acr: str | None = None, **sent: tuple[str, ...]) -> bool:
    """As a connector makes the identity of it; the names of `sent` are the upstream's."""
    attributes = {name.replace("references", REFERENCES): values for name, values in sent.items()}
    values = attributes.get("amr", ()) if idp.protocol == "oidc" else assurance.method_values(idp.profile, attributes)
    amr = () if idp.protocol == "oauth2" else assurance.methods_of(idp.profile, acr, values)
    return assurance.multi_factor(idp, Identity("contoso", "idp", "https://idp", "anna", attributes, acr=acr, amr=amr))


@pytest.mark.parametrize(
    ("vendor", "protocol", "acr", "sent"),
    [
        ("adfs", "saml", PASSWORD, {"references": (PASSWORD, MULTIPLE)}),
        ("adfs", "wsfed", None, {"references": (MULTIPLE,)}),
        ("adfs", "saml", MULTIPLE, {}),
        ("entra", "saml", PASSWORD, {"references": (MULTIPLE,)}),
        ("entra", "oidc", None, {"amr": ("pwd", "mfa")}),
        ("shibboleth", "saml", REFEDS, {}),
        ("okta", "oidc", "urn:okta:loa:2fa:any", {}),
        ("okta", "oidc", None, {"amr": ("pwd", "otp")}),
        ("generic", "oidc", None, {"amr": ("mfa",)}),
        ("generic", "oidc", None, {"amr": ("pin", "hwk")}),
        ("generic", "oidc", None, {"amr": ("fpt", "swk")}),
    ],
)
def test_several_factors(vendor: str, protocol: str, acr: str | None, sent: dict[str, tuple[str, ...]]) -> None:
    """RFC 8176 §2, and what each vendor says in its own words."""
    assert several(provider(vendor, protocol), acr, **sent)


@pytest.mark.parametrize(
    ("vendor", "protocol", "acr", "sent"),
    [
        ("adfs", "saml", PASSWORD, {}),
        ("adfs", "saml", PASSWORD, {"references": (PASSWORD,)}),
        ("adfs", "saml", "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos", {}),
        ("generic", "saml", PASSWORD, {"amr": ("otp",)}),
        ("generic", "saml", "urn:unknown:level:9", {"amr": ("urn:unknown:mfa",)}),
        ("entra", "oidc", None, {}),
        ("entra", "oidc", None, {"acrs": ("c1",)}),
        ("generic", "oidc", None, {"amr": ("pwd", "kba")}),
        ("generic", "oidc", None, {"amr": ("otp", "sms")}),
        ("generic", "oidc", None, {"amr": ("MFA",)}),
        ("generic", "oidc", MULTIPLE.upper(), {}),
        ("okta", "oidc", "urn:okta:loa:1fa:any", {}),
        ("keycloak", "oidc", "2", {}),
        ("github", "oauth2", None, {"amr": ("pwd", "otp")}),
    ],
)
def test_not_said_is_not_several(vendor: str, protocol: str, acr: str | None, sent: dict[str, tuple[str, ...]]) -> None:
    """The class says what the product writes for everybody; two of one kind are one factor; an unknown word is none."""
    assert not several(provider(vendor, protocol), acr, **sent)


def test_the_provider_s_own_words_replace_its_vendor_s() -> None:
    contexts = provider("entra", "oidc", MultiFactor(acrs=("c1",)))
    assert several(contexts, None, acrs=("c3", "c1"))
    assert not several(contexts, None, acrs=("c3",), amr=("mfa",))
    assert several(provider("keycloak", "oidc", MultiFactor(acr=("2",))), "2")
    assert not several(provider("keycloak", "oidc", MultiFactor(acr=("2",))), None)
    token = provider("generic", "saml", MultiFactor(amr=("urn:token",)))
    assert several(token, PASSWORD, amr=("urn:token",))
    assert not several(token, PASSWORD, amr=("mfa",))


def test_authentication_contexts_count_in_an_id_token_only() -> None:
    assert not several(provider("entra", "saml", MultiFactor(acrs=("c1",))), PASSWORD, acrs=("c1",))


def test_methods_of_unsigned_userinfo_do_not_count() -> None:
    """OIDC Core §5.3: only the ID token is signed, and `authentication_methods` may come from userinfo."""
    assert not several(provider("generic", "oidc"), None, authentication_methods=("mfa",))


def test_what_is_asked_for() -> None:
    assert assurance.classes(provider("adfs", "saml")) == (MULTIPLE,)
    assert assurance.parameters(provider("adfs", "oidc")) == {"amr_values": "ngcmfa"}
    assert assurance.parameters(provider("adfs", "saml")) == {}
    own = provider("adfs", "saml", MultiFactor(acr=("urn:x",)))
    assert assurance.classes(own) == ("urn:x",)
    assert assurance.contexts(provider("entra", "oidc", MultiFactor(acrs=("c1",)))) == ("c1",)


def test_who_cannot_be_asked_is_not_asked_again() -> None:
    asked = {("adfs", "saml"), ("adfs", "oidc"), ("adfs", "wsfed"), ("okta", "oidc"), ("shibboleth", "saml")}
    assert all(assurance.may_ask(provider(*one)) for one in asked)
    silent = {("entra", "saml"), ("google", "oidc"), ("generic", "oidc"), ("github", "oauth2"), ("okta", "saml")}
    assert not any(assurance.may_ask(provider(*one)) for one in silent)


def test_the_names_a_client_may_hear() -> None:
    """The upstream's own, and ours where it is true; REFEDS' only from who says it."""
    idp = provider("adfs", "saml")
    identity = Identity("contoso", "idp", "https://idp", "anna", {REFERENCES: (MULTIPLE,)}, acr=PASSWORD, amr=("mfa",))
    assert assurance.acrs_of(idp, identity) == (PASSWORD, assurance.MULTI_FACTOR)
    bare = Identity("contoso", "idp", "https://idp", "anna", {})
    assert assurance.acrs_of(idp, bare) == ()
