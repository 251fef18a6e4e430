"""How strongly somebody must have signed in, where we asked (SAML Core §3.3.2.2.1): nothing weaker is taken.

Asked only where an IdP's `authn_context` says so: on AD FS any such request ends silent sign-on by Kerberos, and Entra
refuses most of them.
"""

from __future__ import annotations

from broker.errors import AssertionRejected

_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
# Weakest first: the order that AD FS has by default. Other classes cannot be compared: they count where they are named.
ORDER = (
    f"{_CLASSES}Password",
    f"{_CLASSES}PasswordProtectedTransport",
    f"{_CLASSES}TLSClient",
    f"{_CLASSES}X509",
    "urn:federation:authentication:windows",
    f"{_CLASSES}Kerberos",
)


def check(class_ref: str | None, asked: tuple[str, ...], comparison: str) -> None:
    """comparison: exact | minimum. Raises AssertionRejected: authn_context."""
    if not asked or class_ref in asked:
        return
    if comparison == "minimum" and class_ref in ORDER:
        ranks = [ORDER.index(one) for one in asked if one in ORDER]
        if ranks and ORDER.index(class_ref) >= min(ranks):
            return
    raise AssertionRejected(
        "authn_context",
        "Your organisation's identity provider signed you in by another method than the one that is asked of it. "
        "Its administrator must require that method for this application, or `authn_context` must be relaxed here.",
    )
