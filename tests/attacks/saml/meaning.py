"""Rows SM-01 to SM-54 that one answer can break: the meaning of a message that the IdP really signed.

SM-13, 16 to 18 need a second request and are flows; SM-21 to 24 need the store's memory.
"""

from __future__ import annotations

from tests.attacks.saml.case import Case, Context, said
from tests.idps.saml_signer import BEARER, PERSISTENT, SUCCESS, TRANSIENT, time

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
HOK = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
RESPONDER = f'<samlp:StatusCode Value="{STATUS}Responder"/>'
UNDER_SUCCESS = (
    f'<samlp:StatusCode Value="{STATUS}Success"><samlp:StatusCode Value="{STATUS}AuthnFailed"/></samlp:StatusCode>'
)
YEARS = 10 * 365 * 86400


def audience(change: str):
    return lambda ctx: [[change.format(ctx.audience)]]


def acs(change: str):
    return lambda ctx: change.format(ctx.acs)


def past(beyond: float):
    return lambda ctx: -ctx.skew - beyond


def ahead(beyond: float):
    return lambda ctx: ctx.skew + beyond


def name_id(attributes: str, value: str = "anna") -> str:
    return f"<saml:NameID {attributes}>{value}</saml:NameID>"


def weird_mix(ctx: Context) -> str:
    return (
        f'<saml:Subject><saml:NameID>anna</saml:NameID><saml:SubjectConfirmation Method="{BEARER}"/>'
        f'<saml:SubjectConfirmation Method="{HOK}"><saml:SubjectConfirmationData Recipient="{ctx.acs}" '
        f'InResponseTo="{ctx.request_id}" NotOnOrAfter="{time(ctx.now + 300)}"/>'
        "</saml:SubjectConfirmation></saml:Subject>"
    )


PROXY = '<saml:ProxyRestriction Count="0"/>'
CONDITION = '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:e="urn:e" xsi:type="{}"/>'
CASES: tuple[Case, ...] = (
    Case("SM-01", "another audience", "audience", said(audiences=[["https://other.example/sp"]])),
    Case("SM-02", "no AudienceRestriction", "audience_missing", said(audiences=[])),
    Case(
        "SM-03", "two restrictions, one fails", "audience", said(audiences=lambda c: [[c.audience], ["https://other"]])
    ),
    Case("SM-04", "audience in capitals", "audience", said(audiences=lambda c: [[c.audience.upper()]])),
    Case("SM-04", "audience with a slash", "audience", said(audiences=audience("{}/"))),
    Case("SM-04", "audience with a space", "audience", said(audiences=audience("{} "))),
    Case("SM-04", "audience prefix", "audience", said(audiences=lambda c: [[c.audience[:-1]]])),
    Case("SM-05", "another recipient", "recipient", said(recipient="https://other.example/acs")),
    Case("SM-06", "recipient contains our ACS", "recipient", said(recipient=acs("https://evil.example/?u={}"))),
    Case("SM-06", "recipient begins with our ACS", "recipient", said(recipient=acs("{}-b"))),
    Case("SM-07", "no recipient", "recipient_missing", said(recipient=None)),
    Case("SM-08", "another destination", "destination", said(destination="https://other.example/acs")),
    Case("SM-09", "destination begins with our ACS", "destination", said(destination=acs("{}bc"))),
    Case("SM-09", "destination climbs", "destination", said(destination=acs("{}/../b/acs"))),
    Case("SM-09", "destination with a query", "destination", said(destination=acs("{}?x=1"))),
    Case("SM-10", "no destination on a signed Response", "destination_missing", said("response", destination=None)),
    Case("SM-10", "empty destination", "destination_missing", said("response", destination="")),
    Case("SM-11", "destination in capitals", "destination", said(destination=lambda c: c.acs.upper())),
    Case(
        "SM-11",
        "destination with a port",
        "destination",
        said(destination=lambda c: c.acs.replace("/t/", ":443/t/", 1)),
    ),
    Case("SM-12", "another request", "in_response_to", said(in_response_to="_other", inner_in_response_to="_other")),
    Case("SM-14", "InResponseTo stripped outside", "in_response_to", said(in_response_to=None)),
    Case("SM-14", "inner names another request", "in_response_to", said(inner_in_response_to="_other")),
    Case("SM-15", "InResponseTo only outside", "in_response_to", said(inner_in_response_to=None)),
    Case("SM-25", "expired Conditions", "expired", said(valid_from=-9000, valid_until=past(1))),
    Case("SM-26", "not yet valid", "not_yet_valid", said(valid_from=ahead(1))),
    Case("SM-27", "skew used up, end", "expired", said(valid_from=-9000, valid_until=past(0))),
    Case("SM-27", "no time between", "conditions_time", said(valid_from=60, valid_until=60)),
    Case("SM-27", "ends before it starts", "conditions_time", said(valid_from=60, valid_until=30)),
    Case("SM-28", "no dates", "conditions_missing_time", said(valid_from=None, valid_until=None)),
    Case("SM-28", "no Conditions", "conditions_missing_time", said(conditions="")),
    Case("SM-29", "confirmation expired", "confirmation_expired", said(confirmed_until=past(1))),
    Case("SM-29", "confirmation without end", "confirmation_missing_time", said(confirmed_until=None)),
    Case("SM-30", "confirmation with NotBefore", "confirmation_not_before", said(confirmed_from=-60)),
    Case("SM-31", "valid for ten years", "validity", said(valid_until=YEARS, confirmed_until=YEARS)),
    Case("SM-32", "issued in 1970", "issue_instant", said(issue_instant="1970-01-01T00:00:00Z")),
    Case("SM-32", "issued in 2099", "issue_instant", said(issue_instant="2099-01-01T00:00:00Z")),
    Case("SM-32", "no Z", "issue_instant", said(issue_instant=lambda c: time(c.now).rstrip("Z"))),
    Case("SM-32", "offset form", "issue_instant", said(issue_instant=lambda c: time(c.now).replace("Z", "+00:00"))),
    Case("SM-32", "no time at all", "schema", said(issue_instant="yesterday")),
    Case("SM-33", "session over", "session_expired", said(session_until=past(1))),
    Case("SM-34", "holder of key only", "confirmation", said(method=HOK)),
    Case(
        "SM-34",
        "no confirmation",
        "confirmation",
        said(subject="<saml:Subject><saml:NameID>anna</saml:NameID></saml:Subject>"),
    ),
    Case("SM-35", "bearer without data, holder of key valid", "confirmation", said(subject=weird_mix)),
    Case("SM-36", "ProxyRestriction", "proxy_restriction", said(more_conditions=PROXY)),
    Case(
        "SM-37",
        "condition of a type used oddly",
        "condition_unknown",
        said(more_conditions=CONDITION.format("saml:OneTimeUseType")),
    ),
    Case("SM-37", "condition of an unknown type", "schema", said(more_conditions=CONDITION.format("e:Odd"))),
    Case(
        "SM-38",
        "another issuer",
        "issuer",
        said(issuer="https://other.example", response_issuer="https://other.example"),
    ),
    Case("SM-39", "issuers differ", "issuer", said(response_issuer="https://other.example")),
    Case("SM-39", "no issuer on a signed Response", "issuer", said("response", response_issuer=None)),
    Case("SM-40", "issuer format", "issuer", said(issuer_attributes=f' Format="{PERSISTENT}"')),
    Case("SM-40", "issuer qualified", "issuer", said(issuer_attributes=' NameQualifier="x"')),
    Case("SM-41", "failure with an assertion", "status", said(status=RESPONDER)),
    Case("SM-42", "failure under success", "status", said(status=UNDER_SUCCESS)),
    Case(
        "SM-43",
        "markup in the message",
        "status",
        said(status=RESPONDER + "<samlp:StatusMessage>&lt;b&gt;&#13;&#10;x</samlp:StatusMessage>"),
    ),
    Case("SM-44", "no AuthnStatement", "no_authn", said(authn="")),
    Case("SM-46", "nobody authenticated again", "stale_authn", said(authn_instant=-4000), reauthenticate=True),
    Case("SM-47", "empty NameID", "nameid", said(name_id_value="")),
    Case("SM-47", "blank NameID", "nameid", said(name_id_value="  ")),
    Case("SM-47", "long NameID", "nameid", said(name_id_value="a" * 10_000)),
    Case("SM-48", "transient NameID", "nameid_format", said(name_id=name_id(f'Format="{TRANSIENT}"'))),
    Case("SM-49", "SPNameQualifier of another", "nameid", said(name_id=name_id('SPNameQualifier="https://other"'))),
    Case(
        "SM-49",
        "NameQualifier of another",
        "nameid",
        said(name_id=name_id(f'Format="{PERSISTENT}" NameQualifier="https://other"')),
    ),
    Case("SUB-1", "no NameID", "subject_missing", lambda ctx: said(subject=ctx.answer(name_id="").subject_xml())(ctx)),
    Case("VER-1", "SAML 1.1", "version", said(version="1.1")),
    Case("CNT-1", "success without an assertion", "unsigned", lambda ctx: ctx.post(_bare(ctx))),
)


def _bare(ctx: Context) -> bytes:
    xml = ctx.answer(status=SUCCESS).xml()
    return (xml[: xml.index("<saml:Assertion")] + "</samlp:Response>").encode()
