"""Rows SB-05 to SB-09 and SB-27 to SB-36 at the single logout address: what is not the IdP's own word ends nothing."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from tests.attacks.setting import ENTITIES, SLO
from tests.attacks.world import FORM, World, query
from tests.idps.saml_logout import RSA_SHA1, Leaving, deflated, signature, signed_query
from tests.idps.saml_signer import PERSISTENT, TRANSIENT, signer

IDP = "adfs-portal"
PATH = f"/t/contoso/saml/{IDP}/slo"
EVENT = "saml.logout_rejected"
KEY = ENTITIES["contoso"][1]
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def leaving(world: World, **changes: Any) -> Leaving:
    made = Leaving(world.clock(), f"{world.issuer}{PATH}", ENTITIES["contoso"][0])
    return made.but(id=f"_{len(world.events())}", **changes)


def get(world: World, raw: str, path: str = PATH) -> TestResponse:
    return world.browser().get(f"{path}?{raw}", base_url=world.issuer)


def post(world: World, body: str, path: str = PATH) -> TestResponse:
    return world.browser().post(path, base_url=world.issuer, data=body, content_type=FORM)


def by_get(**changes: Any) -> Callable[[World], TestResponse]:
    return lambda world: get(world, leaving(world, **changes).query(KEY))


def by_post(**changes: Any) -> Callable[[World], TestResponse]:
    return lambda world: post(world, leaving(world, **changes).form(KEY))


def bent(find: str, put: str) -> Callable[[World], TestResponse]:
    """A good query whose text is changed on the way."""

    def act(world: World) -> TestResponse:
        raw = leaving(world).query(KEY, "state")
        assert re.search(find, raw), find
        return get(world, re.sub(find, put, raw, count=1))

    return act


def message(raw: bytes) -> Callable[[World], TestResponse]:
    """Whatever inflates from it was signed by the IdP."""
    return lambda world: get(world, signed_query("SAMLRequest", raw, KEY))


def swapped(world: World) -> TestResponse:
    """The parameters in another order: the signature is over the order that the standard gives."""
    first, second, *rest = leaving(world).query(KEY, "state").split("&")
    signed = "&".join([second, first, rest[0]])
    return get(world, f"{signed}&Signature={signature(signed, KEY).replace('+', '%2B')}")


BOMB = deflated(b"<a>" + b" " * 50_000_000 + b"</a>")


def doubled(world: World) -> TestResponse:
    return post(world, f"{leaving(world).form(KEY)}&SAMLRequest=x")


def answered(world: World) -> TestResponse:
    return get(world, leaving(world, in_response_to="_x").query(KEY, "nobody's"))


def misnamed(world: World) -> TestResponse:
    """A request where the parameter says response."""
    return get(world, signed_query("SAMLResponse", deflated(leaving(world).xml().encode()), KEY))


def extended(world: World) -> TestResponse:
    raw = leaving(world).xml().replace("<samlp:LogoutRequest", '<samlp:LogoutRequest Extra="1"')
    return get(world, signed_query("SAMLRequest", deflated(raw.encode()), KEY))


ROWS: list[tuple[str, str, Callable[[World], TestResponse]]] = [
    ("SB-02 nothing", "saml_message", lambda world: get(world, "")),
    ("SB-02 two messages in a form", "saml_message", doubled),
    ("SB-05 bomb", "size", message(BOMB)),
    ("SB-06 truncated", "encoding", message(deflated(b"<a>" * 100)[:-4])),
    ("SB-06 corrupt", "encoding", message(b"\xff\xff\xff")),
    ("SB-06 something behind it", "encoding", message(deflated(b"<a/>") + b"more")),
    ("SB-08 message twice", "parameter_repeated", bent("^", "SAMLRequest=x&")),
    ("SB-08 signature twice", "parameter_repeated", bent("$", "&Signature=x")),
    ("SB-08 RelayState dropped", "signature_invalid", bent("RelayState=state&", "")),
    ("SB-08 RelayState changed", "signature_invalid", bent("RelayState=state", "RelayState=other")),
    ("SB-08 other escapes", "signature_invalid", bent("%3A", "%3a")),
    ("SB-08 another order", "signature_invalid", swapped),
    ("SB-09 stripped", "unsigned", bent("&SigAlg.*", "")),
    ("SB-09 no SigAlg", "unsigned", bent("&SigAlg=[^&]*", "")),
    ("SB-09 SigAlg changed", "signature_invalid", bent("rsa-sha256", "rsa-sha512")),
    ("SB-09 SHA-1", "algorithm", lambda world: get(world, leaving(world).query(KEY, algorithm=RSA_SHA1))),
    ("SB-12 long RelayState", "relay_state", lambda world: get(world, leaving(world).query(KEY, "x" * 81))),
    ("SB-27 unsigned form", "unsigned", lambda world: post(world, leaving(world).form(None))),
    ("SB-27 stranger's key", "signature_invalid", lambda world: get(world, leaving(world).query(signer("stranger")))),
    ("SB-27 stranger's form", "signature_invalid", lambda world: post(world, leaving(world).form(signer("stranger")))),
    ("SB-27 our own key", "signature_invalid", lambda world: get(world, leaving(world).query(world.sp()))),
    ("SB-28 wrong Issuer", "issuer", by_get(issuer="https://other.example/")),
    ("SB-28 Issuer of another format", "issuer", by_post(issuer_attributes=' Format="urn:x"')),
    ("SB-28 qualified Issuer", "issuer", by_post(issuer_attributes=' NameQualifier="x"')),
    ("SB-29 expired", "expired", by_get(until=-121)),
    ("SB-29 issued long ago", "issue_instant", by_get(issued=-800, until=None)),
    ("SB-29 issued in the future", "issue_instant", by_post(issued=200)),
    ("SB-29 other Destination", "destination", by_get(destination="https://login.example.com/t/contoso/saml/adfs/slo")),
    ("SB-29 ACS as Destination", "destination", by_post(destination="https://login.example.com/t/contoso/saml/adfs/acs")),
    ("SB-29 no Destination", "destination_missing", by_get(destination=None)),
    ("version", "version", by_get(version="2.1")),
    ("SB-30 unsolicited LogoutResponse", "unsolicited", answered),
    ("SB-30 without RelayState", "unsolicited", by_post(in_response_to="_x")),
    ("SB-32 request and response", "saml_message", bent("$", "&SAMLResponse=x")),
    ("SB-33 unsigned GET", "unsigned", lambda world: get(world, "SAMLRequest=x")),
    ("message of another kind", "root", misnamed),
    ("document type", "dtd", message(deflated(b"<!DOCTYPE a><a/>"))),
    ("comment", "comment", message(deflated(b"<a><!-- --></a>"))),
    ("not the schema", "schema", extended),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "act"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_the_idp_did_not_say_ends_no_session(
    secure: World, reason: str, act: Callable[[World], TestResponse]
) -> None:
    if not sessions(secure):
        secure.signed_in("contoso", IDP)
    secure.assert_refused(lambda: act(secure), reason, EVENT)


def sessions(world: World) -> set[tuple[Any, ...]]:
    return {row for row in world.issued() if row[0] == "sessions"}


def told(response: TestResponse) -> list[str]:
    """The status of our answer to the IdP, from the outside in; it is signed and goes nowhere else."""
    location = response.headers["Location"]
    assert location.startswith(f"{SLO}?SAMLResponse="), location
    assert "&Signature=" in location
    raw = base64.b64decode(query(location)["SAMLResponse"])
    root = etree.fromstring(zlib.decompress(raw, -15))
    assert root.get("Destination") == SLO
    return [str(one.get("Value")).removeprefix(STATUS) for one in root.iter("{*}StatusCode")]


def test_idp_ends_the_person_s_sessions_in_every_browser(fresh: World) -> None:
    """T9, SB-31: by redirect and by form; whoever has the same NameID at another tenant or IdP stays."""
    for send in (by_get(), by_post(session_indexes=())):
        for tenant, idp in (("contoso", IDP), ("contoso", IDP), ("contoso", "adfs"), ("northwind", "adfs")):
            fresh.signed_in(tenant, idp)
        before = len(sessions(fresh))
        assert told(send(fresh)) == ["Success"]
        assert len(sessions(fresh)) == before - 2
    ended = [one for one in fresh.events() if one.event == "session.ended"]
    assert {(one.tenant, one.idp, one.reason) for one in ended} == {("contoso", IDP, "upstream_logout")}


@pytest.mark.parametrize("changes", [
    {"name_id": "berta"},
    {"name_id": "anna "},
    {"name_attributes": f'Format="{TRANSIENT}"'},
    {"name_attributes": ""},
    {"name_attributes": f'Format="{PERSISTENT}" SPNameQualifier="https://other.example/"'},
    {"name_attributes": f'Format="{PERSISTENT}" NameQualifier="https://other.example/"'},
    {"session_indexes": ["_unknown"]},
])  # fmt: skip
def test_somebody_else_stays_signed_in(secure: World, changes: dict[str, Any]) -> None:
    """SB-28: the name counts with its format and qualifiers, and a SessionIndex must be one that we know."""
    secure.signed_in("contoso", IDP)
    before = sessions(secure)
    assert told(by_get(**changes)(secure)) == ["Requester", "UnknownPrincipal"]
    assert sessions(secure) == before


def test_qualifiers_that_are_left_out_are_what_they_stand_for(fresh: World) -> None:
    fresh.signed_in("contoso", IDP)
    sp, idp = f"{fresh.issuer}/t/contoso/saml/{IDP}/metadata", ENTITIES["contoso"][0]
    named = f'Format="{PERSISTENT}" NameQualifier="{idp}" SPNameQualifier="{sp}"'
    assert told(by_get(name_attributes=named)(fresh)) == ["Success"]
    assert not sessions(fresh)


def test_request_counts_once(fresh: World) -> None:
    """SB-29: what comes again ends no session that began since."""
    fresh.signed_in("contoso", IDP)
    again = leaving(fresh).query(KEY)
    assert told(get(fresh, again)) == ["Success"]
    fresh.signed_in("contoso", IDP)
    fresh.assert_refused(lambda: get(fresh, again), "replay", EVENT)


def test_relay_state_goes_back_to_the_idp_and_nowhere_else(fresh: World) -> None:
    """SB-34."""
    response = get(fresh, leaving(fresh).query(KEY, "https://evil.example/"))
    assert response.headers["Location"].startswith(SLO)
    assert query(response.headers["Location"])["RelayState"] == "https://evil.example/"


def test_another_tenant_s_idp_ends_nobody_here(secure: World) -> None:
    """SB-31: fabrikam's key and name at contoso's address."""
    secure.signed_in("contoso", IDP)
    entity, key = ENTITIES["fabrikam"]
    secure.assert_refused(lambda: get(secure, leaving(secure, issuer=entity).query(key)), "signature_invalid", EVENT)


def test_many_sessions_end_within_bounds(fresh: World) -> None:
    """SB-35, over more than one transaction."""
    for _ in range(103):
        fresh.signed_in("contoso", IDP)
    assert told(by_get()(fresh)) == ["Success"]
    assert not sessions(fresh)


@pytest.mark.parametrize("path", ["/t/contoso/saml/nope/slo", "/t/nope/saml/adfs/slo", "/t/contoso/saml/op/slo"])
def test_unknown_addresses_look_alike(secure: World, path: str) -> None:
    """SB-36, SB-37: and there is no artifact or SOAP address at all."""
    assert get(secure, "SAMLRequest=x", path).status_code == 404
    assert post(secure, "", f"/t/contoso/saml/{IDP}/artifact").status_code == 404


def test_switched_off_idp_is_not_heard(secure: World) -> None:
    """SM-55."""
    path = "/t/contoso/saml/adfs-off/slo"
    made = leaving(secure, destination=f"{secure.issuer}{path}")
    secure.assert_refused(lambda: get(secure, made.query(KEY), path), "idp_disabled", EVENT)


def signed_out(world: World, browser: FlaskClient) -> str:
    """The browser confirms /logout; where it is sent then."""
    page = browser.get("/logout", base_url=world.issuer)
    found = re.search(r'name="confirm" value="([^"]+)"', page.text)
    assert found, page.text
    return browser.post("/logout", base_url=world.issuer, data={"confirm": found[1]}).headers["Location"]


def visited(world: World, browser: FlaskClient) -> tuple[etree._Element, str]:
    """Our LogoutRequest to the IdP, and its RelayState."""
    onward = world.visit(browser, signed_out(world, browser)).headers["Location"]
    assert onward.startswith(f"{SLO}?SAMLRequest=")
    asked = query(onward)
    return etree.fromstring(zlib.decompress(base64.b64decode(asked["SAMLRequest"]), -15)), asked["RelayState"]


def test_signing_out_here_signs_out_there_with_the_very_name(fresh: World) -> None:
    """T9: value, format and qualifiers as the assertion had them, nothing added; SessionIndex and Destination too."""
    browser, _ = fresh.signed_in("contoso", IDP)
    request, relay_state = visited(fresh, browser)
    name = request.find("{*}NameID")
    assert name is not None
    assert (name.text, dict(name.attrib)) == ("anna", {"Format": PERSISTENT})
    assert request.findtext("{*}SessionIndex") == "_s1"
    assert request.get("Destination") == SLO
    assert not sessions(fresh)
    answer = leaving(fresh, in_response_to=request.get("ID"))
    page = get(fresh, answer.query(KEY, relay_state))
    assert (page.status_code, "signed out" in page.text) == (200, True)
    fresh.assert_refused(lambda: get(fresh, answer.query(KEY, relay_state)), "unsolicited", EVENT)
    (event,) = (one for one in fresh.events() if one.event == "logout.upstream")
    assert (event.outcome, event.reason) == ("success", None)


def test_answer_must_be_to_our_request(fresh: World) -> None:
    """SB-30; what was refused spoils nothing, and a failure there is told in the audit event."""
    browser, _ = fresh.signed_in("contoso", IDP)
    request, relay_state = visited(fresh, browser)
    wrong = leaving(fresh, in_response_to="_other").query(KEY, relay_state)
    fresh.assert_refused(lambda: get(fresh, wrong), "in_response_to", EVENT)
    failed = f'<samlp:StatusCode Value="{STATUS}Responder"/>'
    body = leaving(fresh, in_response_to=request.get("ID"), status=failed).form(KEY, relay_state)
    assert post(fresh, body).status_code == 200
    (event,) = (one for one in fresh.events() if one.event == "logout.upstream")
    assert (event.outcome, event.reason, event.detail) == ("failure", "status", {"status": "Responder"})


def test_forgotten_handle_leads_to_our_own_page(secure: World) -> None:
    assert secure.visit(secure.browser(), f"{secure.issuer}/logout/upstream?name=x").status_code == 200


def test_idp_without_the_word_is_left_alone(fresh: World) -> None:
    browser, _ = fresh.signed_in("contoso", "adfs")
    page = browser.get("/logout", base_url=fresh.issuer)
    found = re.search(r'name="confirm" value="([^"]+)"', page.text)
    assert found
    assert browser.post("/logout", base_url=fresh.issuer, data={"confirm": found[1]}).status_code == 200
