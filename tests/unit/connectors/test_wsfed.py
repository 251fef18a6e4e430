"""What is asked over WS-Federation, and whose keys are trusted over time."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.connectors.wsfed import WsFedConnector
from broker.errors import AssertionRejected
from broker.model import AuthRequest, MetadataSource, Redirect, WsFedSettings
from tests.attacks.saml.harness import NOW, surroundings
from tests.attacks.wsfed.harness import CALLBACK, PROFILE, REALM, begun, connector, document, idp_of
from tests.idps.saml_signer import signer

REQUEST = AuthRequest("wctx-1", "app", "https://app/cb", ("openid",), int(NOW))


def asked(request: AuthRequest, by: WsFedConnector | None = None) -> dict[str, str]:
    action = (by or connector()).begin(request, CALLBACK).action
    assert isinstance(action, Redirect)
    return {name: values[0] for name, values in parse_qs(urlsplit(action.url).query).items()}


def test_request_says_who_we_are_and_nothing_more() -> None:
    """T5: no `wauth` and no `wfresh` unless somebody asks, so that AD FS may sign people in silently."""
    assert asked(REQUEST) == {
        "wa": "wsignin1.0",
        "wtrealm": REALM,
        "wreply": CALLBACK,
        "wctx": "wctx-1",
        "wct": "2027-01-15T08:00:00Z",
    }


@pytest.mark.parametrize(
    ("wish", "minutes"), [({"reauthenticate": True}, "0"), ({"max_age": 3599}, "59"), ({"max_age": 0}, "0"), ({}, None)]
)
def test_freshness_is_asked_in_minutes(wish: dict[str, int], minutes: str | None) -> None:
    assert asked(replace(REQUEST, **wish)).get("wfresh") == minutes  # type: ignore[arg-type]  # its fields


def test_what_max_age_allows_is_held_against_the_answer() -> None:
    request, context = begun()
    request = replace(request, max_age=60)
    good = context.post(context.signed(authn_instant=-10))
    assert connector().finish(request, good, CALLBACK).auth_time == int(NOW - 10)
    with pytest.raises(AssertionRejected) as caught:
        connector().finish(request, context.post(context.signed(authn_instant=-400)), CALLBACK)
    assert caught.value.reason == "stale_authn"


def test_configured_realm_home_realm_and_method() -> None:
    by = connector(wtrealm="urn:broker", whr="urn:partner", wauth="urn:mfa")
    found = asked(replace(REQUEST, domain_hint="contoso.com"), by)
    assert (found["wtrealm"], found["whr"], found["wauth"]) == ("urn:broker", "urn:partner", "urn:mfa")


@pytest.mark.parametrize(("hints", "heard"), [(("login_hint",), None), (("domain_hint",), "contoso.com")])
def test_domain_hint_is_a_home_realm_where_the_vendor_may_hear_it(hints: tuple[str, ...], heard: str | None) -> None:
    idp = idp_of(WsFedSettings(MetadataSource(document=document())))
    by = WsFedConnector(replace(idp, profile=replace(PROFILE, hints=hints)), surroundings())
    assert asked(replace(REQUEST, domain_hint="contoso.com"), by).get("whr") == heard


def test_realm_that_was_taken_over_is_the_audience() -> None:
    request, context = begun()
    by = connector(wtrealm="urn:broker")
    with pytest.raises(AssertionRejected) as caught:
        by.finish(request, context.post(context.signed()), CALLBACK)
    assert caught.value.reason == "audience"
    taken = replace(context, realm="urn:broker")
    assert by.finish(request, taken.post(taken.signed()), CALLBACK).subject == "anna"


def test_t1_either_published_key_may_sign() -> None:
    """T1: AD FS publishes two for days and changes over when it likes."""
    request, context = begun()
    by = connector((signer("idp"), signer("idp next")))
    for key in (signer("idp"), signer("idp next")):
        assert by.finish(request, context.post(context.signed(by=key)), CALLBACK).subject == "anna"


def test_persons_are_the_same_whatever_token_the_trust_sends() -> None:
    """An admin who changes the token type from SAML 1.1 to 2.0 makes nobody a stranger."""
    request, context = begun()
    found = [
        connector().finish(request, context.post(root), CALLBACK) for root in (context.signed(), context.signed20())
    ]
    assert {(one.upstream, one.subject) for one in found} == {(found[0].upstream, "anna")}
