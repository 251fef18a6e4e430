"""The rows on what a token means that the IdP really signed, and on the form that brings it (WF)."""

from __future__ import annotations

from broker.model import Callback
from tests.attacks.wsfed.case import Case, said, said20
from tests.idps.saml_signer import time

HOK = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
YEARS = 10 * 365 * 86400


def audience(change: str):
    return lambda ctx: [[change.format(ctx.realm)]]


def past(beyond: float):
    return lambda ctx: -ctx.skew - beyond


def fields(**changed: tuple[str, ...]):
    return lambda ctx: ctx.post(ctx.signed(), **changed)


CASES: tuple[Case, ...] = (
    Case("SM-01", "another audience", "audience", said(audiences=[["https://other.example/rp"]])),
    Case("SM-02", "no audience", "audience_missing", said(audiences=[])),
    Case("SM-03", "two restrictions, one fails", "audience", said(audiences=lambda c: [[c.realm], ["urn:other"]])),
    Case("SM-04", "audience in capitals", "audience", said(audiences=lambda c: [[c.realm.upper()]])),
    Case("SM-04", "audience with a slash", "audience", said(audiences=audience("{}/"))),
    Case("SM-04", "audience prefix", "audience", said(audiences=lambda c: [[c.realm[:-1]]])),
    Case("SM-05", "recipient of another", "recipient", said20(recipient="https://other.example/acs")),
    Case("SM-14", "an answer to a SAML request", "in_response_to", said20(inner_in_response_to="_other")),
    Case("SM-25", "expired", "expired", said(valid_from=-9000, valid_until=past(1))),
    Case("SM-26", "not yet valid", "not_yet_valid", said(valid_from=lambda c: c.skew + 1)),
    Case("SM-27", "ends before it starts", "conditions_time", said(valid_from=60, valid_until=30)),
    Case("SM-28", "no dates", "conditions_missing_time", said(valid_from=None, valid_until=None)),
    Case("SM-28", "no Conditions", "conditions_missing_time", said(conditions="")),
    Case("SM-29", "confirmation expired", "confirmation_expired", said20(confirmed_until=past(1))),
    Case("SM-30", "confirmation with NotBefore", "confirmation_not_before", said20(confirmed_from=-60)),
    Case("SM-31", "valid for ten years", "validity", said(valid_until=YEARS)),
    Case("SM-32", "issued in 1970", "issue_instant", said(issue_instant="1970-01-01T00:00:00Z")),
    Case("SM-32", "no Z", "issue_instant", said(issue_instant=lambda c: time(c.now).rstrip("Z"))),
    Case("SM-32", "no time at all", "schema", said(issue_instant="yesterday")),
    Case("SM-33", "session over", "session_expired", said20(session_until=past(1))),
    Case("SM-34", "holder of key", "confirmation", said(confirmation=HOK)),
    Case("SM-37", "unknown condition", "condition_unknown", said(more_conditions="<saml:Condition/>")),
    Case("SM-38", "another issuer", "issuer", said(issuer="https://other.example")),
    Case("SM-44", "no AuthenticationStatement", "no_authn", said(authn="")),
    Case("SM-45", "another way to sign in than was asked", "authn_context", said(), wauth="urn:mfa"),
    Case("SM-46", "nobody authenticated again", "stale_authn", said(authn_instant=-4000), reauthenticate=True),
    Case("SM-47", "empty NameIdentifier", "nameid", said(name_id="<saml:NameIdentifier/>")),
    Case(
        "SM-47",
        "long NameIdentifier",
        "nameid",
        said(name_id=f"<saml:NameIdentifier>{'a' * 9999}</saml:NameIdentifier>"),
    ),
    Case("SUB-1", "no NameIdentifier", "subject_missing", said(name_id="")),
    Case(
        "SUB-2",
        "a user principal name",
        "subject_mutable",
        said(name_id='<saml:NameIdentifier Format="http://schemas.xmlsoap.org/claims/UPN">anna</saml:NameIdentifier>'),
    ),
    Case(
        "WF-05",
        "two people",
        "subject_mismatch",
        said(other_name_id="<saml:NameIdentifier>admin</saml:NameIdentifier>"),
    ),
    Case("VER-1", "SAML 1.0", "version", said(minor="0")),
    Case("VER-1", "SAML 2.0 that says 1.1", "version", said20(version="1.1")),
    Case("AUTHN-2", "authenticated in the future", "authn_instant", said(authn_instant=3600)),
    Case("WF-06", "wctx of another sign-in", "wctx", fields(wctx=("wctx-2",))),
    Case("WF-07", "wctx twice", "wctx", fields(wctx=("wctx-1", "wctx-1"))),
    Case("WF-08", "wresult twice", "wresult", fields(wresult=("<a/>", "<a/>"))),
    Case("WF-08", "no wresult", "wresult", fields(wresult=())),
    Case("WF-09", "a sign-out's action", "wa", fields(wa=("wsignout1.0",))),
    Case("WF-10", "by GET", "binding", lambda ctx: Callback("GET", ctx.post(ctx.signed()).form, {})),
)
