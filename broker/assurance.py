"""How strongly somebody signed in, from what the upstream proved: the vendor profile's data decides, never a guess.

Silence is no proof: whoever is not said to have used several factors has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from broker.model import Identity, IdentityProvider, Value, VendorProfile

# Our one name for it in `acr`, whatever the upstream calls it. The profiles that REFEDS has for it promise more than
# an upstream of another federation means, so those go out only where the upstream itself says them.
MULTI_FACTOR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
ACR_VALUES = (MULTI_FACTOR,)  # what a client may ask for and rely on

_EVIDENCE = frozenset({"amr", "authentication_methods"})  # short names
_FACTORS = (  # RFC 8176 §2, by what they prove: something known, something owned, something inherent
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "pop"}),
    frozenset({"face", "fpt", "iris", "retina", "vbm"}),
)
_MISSING = (
    "Your organisation asks for several factors at sign-in, and its identity provider did not say that you used more "
    "than one. "
)
_ADVICE = (
    "Its administrator must require multi-factor authentication for this application there, and have the identity "
    "provider say so in its answer."
)


def methods_of(profile: VendorProfile, acr: str | None, sent: Iterable[str]) -> tuple[str, ...]:
    """RFC 8176 words. acr: the context class; sent: method values, words or URIs. What the profile does not know is
    left out of an acr, and out of `sent` where it is a URI; a word stays as the upstream said it."""
    found = [*profile.methods.get(acr or "", ())]
    for value in sent:
        found += _words(profile, value)
    return tuple(dict.fromkeys(found))


def method_values(profile: VendorProfile, attributes: Mapping[str, tuple[Value, ...]]) -> Iterator[str]:
    """The method values among an assertion's attributes."""
    for name, values in attributes.items():
        if profile.claim_names.get(name, name) in _EVIDENCE:
            yield from (value for value in values if isinstance(value, str))


def multi_factor(idp: IdentityProvider, identity: Identity) -> bool:
    """Whether the upstream said that several factors were used. `mfa` of the IdP replaces what its vendor means by it.

    Two factors that are named one by one count only as methods: a class such as PasswordProtectedTransport is what
    many products write whatever somebody did.
    """
    sent, own = tuple(_sent(idp, identity)), idp.mfa
    if own is not None:
        contexts = identity.attributes.get("acrs", ()) if idp.protocol == "oidc" else ()
        return identity.acr in own.acr or not {*own.amr}.isdisjoint(sent) or not {*own.acrs}.isdisjoint(contexts)
    if "mfa" in identity.amr:
        return True
    words = {word for value in sent for word in _words(idp.profile, value)}
    return sum(not kind.isdisjoint(words) for kind in _FACTORS) > 1


def acrs_of(idp: IdentityProvider, identity: Identity) -> tuple[str, ...]:
    """Every name under which a client may hear how somebody signed in."""
    said = () if identity.acr is None else (identity.acr,)
    return (*said, *ACR_VALUES) if multi_factor(idp, identity) else said


def may_ask(idp: IdentityProvider) -> bool:
    """Whether the IdP can be asked for several factors; otherwise a second trip would change nothing."""
    return bool(classes(idp) or contexts(idp) or parameters(idp))


def classes(idp: IdentityProvider) -> tuple[str, ...]:
    """What to ask the IdP for, in its protocol: context classes, acr values or the `wauth`; empty: nothing."""
    own = idp.mfa.acr if idp.mfa is not None else ()
    return own or idp.profile.mfa_ask.get(idp.protocol, ())


def contexts(idp: IdentityProvider) -> tuple[str, ...]:
    """Entra's authentication contexts that mean several factors in that tenant."""
    return idp.mfa.acrs if idp.mfa is not None else ()


def parameters(idp: IdentityProvider) -> Mapping[str, str]:
    """Of an OpenID provider that has a parameter of its own for it."""
    return idp.profile.mfa_parameters if idp.protocol == "oidc" else {}


def advice(idp: IdentityProvider) -> str:
    """What to tell somebody whose upstream did not say so."""
    return _MISSING + idp.profile.mfa_advice.get(idp.protocol, _ADVICE)


def _sent(idp: IdentityProvider, identity: Identity) -> Iterator[str]:
    """Method values as they came, of what was signed: an assertion, or an ID token without its userinfo."""
    if idp.protocol in {"saml", "wsfed"}:
        yield from method_values(idp.profile, identity.attributes)
    elif idp.protocol == "oidc":
        yield from (value for value in identity.attributes.get("amr", ()) if isinstance(value, str))


def _words(profile: VendorProfile, value: str) -> tuple[str, ...]:
    return profile.methods.get(value, (value,) if _is_word(value) else ())


def _is_word(value: str) -> bool:
    return bool(value) and not any(mark in value for mark in ":/ ")
