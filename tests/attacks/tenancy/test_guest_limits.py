"""What holds for everybody holds for guests: who may prove an address, and which roles a tenant lets out."""

from __future__ import annotations

import pytest

from tests.attacks.tenancy.guests import asked, host, replace_entry, said, tokens
from tests.attacks.world import World, query


@pytest.fixture
def hosted(fresh: World) -> World:
    return host(fresh, until="2099-06-30")


def test_provider_for_one_domain_proves_no_address_of_another(hosted: World) -> None:
    """Both domains are the home tenant's; the provider of the one might be run by other people."""
    hosted.tenants["fabrikam"]["home_realm"]["email_domains"] = ["fabrikam.com", "sub.fabrikam.com"]
    hosted.idp("fabrikam", "op")["for"] = {"email_domains": ["sub.fabrikam.com"]}
    hosted.apply()
    under_way = asked(hosted, login_hint="bob@sub.fabrikam.com")
    answer = under_way.honest()
    hosted.assert_refused(lambda: under_way.answer(answer), "guest_email", "sign_in.denied", tenant="fabrikam")


def test_roles_that_the_host_does_not_allow_reach_no_guest(hosted: World) -> None:
    hosted.tenants["contoso"]["sign_in"] = {"allowed_roles": ["viewer"]}
    hosted.apply()
    assert said(tokens(hosted))["roles"] == []


def test_what_the_home_tenant_keeps_back_stays_there(hosted: World) -> None:
    """Its rules say what crosses by leaving it out."""
    hosted.tenants["fabrikam"]["claims"] = [{"role": "viewer"}, {"drop": ["name", "email"]}]
    hosted.apply()
    userinfo = hosted.userinfo(tokens(hosted, scope="openid profile email")["access_token"]).json or {}
    assert {"name", "email", "email_verified"}.isdisjoint(userinfo)


def test_session_of_an_entry_that_was_replaced_answers_silently_for_nobody(hosted: World) -> None:
    under_way = asked(hosted)
    under_way.finish()
    replace_entry(hosted, roles=["viewer"])
    silent = hosted.authorize(under_way.browser, tenant="contoso", prompt="none")
    assert query(silent.headers["Location"])["error"] in {"login_required", "interaction_required"}
    again = hosted.authorize(under_way.browser, tenant="contoso", login_hint="bob@fabrikam.com")
    assert again.headers["Location"].startswith(hosted.ops["fabrikam"].issuer), "the new entry needs a new sign-in"
