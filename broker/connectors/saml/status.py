"""What an IdP's refusal means, in words for the administrator who can mend it (SAML Core §3.2.2.2).

Only codes that the specification lists are looked at. The IdP's own StatusMessage is for its own logs: it is neither
shown nor written down.
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.errors import AssertionRejected
from broker.xml.names import STATUS_CODES, SUCCESS

# Second-level codes say more than first-level ones, so they stand first.
ADVICE: Mapping[str, str] = {
    "NoAuthnContext": (
        "Your organisation's identity provider cannot sign people in by the method that is asked of it: that of "
        "`authn_context` of this identity provider here, else several factors, where your organisation or the "
        "application wants them. Its administrator must allow that method, or it must not be asked for here."
    ),
    "InvalidNameIDPolicy": (
        "Your organisation's identity provider cannot issue the NameID format that is asked of it. Its "
        "administrator must add a rule that issues it, or name_id_format must be left out here."
    ),
    "NoPassive": (
        "Your organisation's identity provider would have had to ask you something, and was asked not to. Start again."
    ),
    "AuthnFailed": "Your organisation's identity provider did not sign you in. Try again, or ask your administrator.",
    "RequestDenied": (
        "Your organisation's identity provider refused this sign-in. Its administrator must assign you to this "
        "application, or change the access policy that they set for it."
    ),
    "UnknownPrincipal": (
        "Your organisation's identity provider does not know you there. Its administrator must assign you to this "
        "application."
    ),
    "RequestUnsupported": (
        "Your organisation's identity provider does not accept this request. Its administrator must check the "
        "identifier and the reply address of this application, and whether it demands signed requests "
        "(`sign_requests: true` here)."
    ),
    "UnsupportedBinding": (
        "Your organisation's identity provider cannot answer by HTTP-POST. Its administrator must enter the assertion "
        "consumer address of this application with the POST binding."
    ),
    "NoAvailableIDP": "The identity provider that your organisation relies on is not available. Try again later.",
    "NoSupportedIDP": (
        "Your organisation's identity provider passes sign-ins on, and does not know where to. Its administrator must "
        "set that up for this application."
    ),
    "ProxyCountExceeded": (
        "Your organisation's identity provider may not pass this sign-in on any further. Its administrator must allow "
        "that for this application."
    ),
    "VersionMismatch": "Your organisation's identity provider does not speak SAML 2.0.",
    "Requester": (
        "Your organisation's identity provider finds fault with our request. Its administrator must load this "
        "application's metadata again: its identifier, its reply address and its signing certificate."
    ),
    "Responder": (
        "Your organisation's identity provider failed while it made its answer. Its administrator finds the cause in "
        "its event log at this very time: most often an access policy or a claim rule that refuses you, or an "
        "encryption certificate of this application that is out of date."
    ),
}


def check_status(codes: tuple[str, ...]) -> None:
    """Success and nothing under it; a second-level code beneath Success is a contradiction and refused."""
    if codes == (SUCCESS,):
        return
    known = names_of(codes)
    raise AssertionRejected("status", advice(known), detail=" ".join(known) or "unknown status")


def names_of(codes: tuple[str, ...]) -> list[str]:
    """The last words of those that the specification lists; an IdP's own are not repeated, not even in the log."""
    return [code.rsplit(":", 1)[-1] for code in codes if code in STATUS_CODES]


def advice(known: list[str]) -> str | None:
    """The text of the code that says most; None: the general text."""
    return next((text for name, text in ADVICE.items() if name in known), None)
