"""The home realm: signals in their order, each a hint, none of them a way in."""

from ipaddress import ip_address

import pytest

from broker.home_realm import PUBLIC, decide
from broker.model import Signal

from .world import ANYONE, CLIENT, CONTOSO, FABRIKAM, WORLD, configuration, idp, tenant

EVERY_HINT = {
    "asked_tenant": "contoso",
    "asked_idp": "entra",
    "email": "a@contoso.com",
    "domain_hint": "fabrikam.com",
    "ip": ip_address("198.51.7.7"),
    "remembered": (("contoso", "north"),),
}


def where(**hints):
    realm = decide(WORLD, hints.pop("client", CLIENT), **hints)
    return realm.outcome, realm.tenant, realm.idp, realm.signal


def refused(**hints):
    realm = decide(WORLD, hints.pop("client", CLIENT), **hints)
    assert (realm.outcome, realm.tenant, realm.idp, realm.choices) == ("error", None, None, ())
    assert realm.reason in PUBLIC
    return realm.reason


def test_signals_decide_in_their_order():
    hints = dict(EVERY_HINT)
    expected = ["idp", "email", "domain_hint", "network", "cookie", "only_idp"]
    decided = []
    for name in ("asked_idp", "email", "domain_hint", "ip", "remembered", None):
        decided.append(where(**hints)[3])
        hints.pop(name, None)
    assert decided == expected


def test_every_signal_looked_at_is_told_in_order():
    realm = decide(WORLD, CLIENT, email="a@nobody.org", domain_hint="organizations", ip=ip_address("8.8.8.8"))
    assert [one.signal for one in realm.tried] == ["email", "domain_hint", "network", "only_idp", "chooser"]
    assert realm.tried[0].result == "no tenant of this client serves nobody.org"
    assert realm.signal == "chooser"


def test_what_was_tried_for_the_active_tenant_comes_first():
    before = (Signal("tenant", "contoso"),)
    realm = decide(WORLD, CLIENT, asked_tenant="contoso", tried=before)
    assert [one.signal for one in realm.tried] == ["tenant", "only_idp"]


# The active tenant


def test_an_unknown_active_tenant_is_refused():
    assert refused(asked_tenant="nobody", email="a@contoso.com") == "tenant_unknown"


def test_a_suspended_active_tenant_is_refused():
    assert refused(asked_tenant="asleep") == "tenant_suspended"


def test_an_active_tenant_that_may_not_use_the_client_is_refused():
    assert refused(asked_tenant="private") == "client_tenant"


# idp


def test_the_named_idp_is_looked_for_in_the_active_tenant():
    assert where(asked_tenant="contoso", asked_idp="entra") == ("redirect", "contoso", "entra", "idp")


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param({"asked_tenant": "contoso", "asked_idp": "okta"}, id="TN-06 IdP of another tenant"),
        pytest.param({"asked_tenant": "contoso", "asked_idp": "nothing"}, id="TN-05 no such IdP"),
        pytest.param({"asked_tenant": "contoso", "asked_idp": "old"}, id="switched off"),
        pytest.param({"asked_idp": "adfs"}, id="no active tenant"),
        pytest.param({"asked_idp": "adfs", "email": "a@contoso.com"}, id="an e-mail does not name a tenant"),
    ],
)
def test_an_idp_outside_the_active_tenant_is_refused(hints):
    assert refused(**hints) == "idp_unknown"


# e-mail and domain hint


@pytest.mark.parametrize(
    ("email", "tenant", "idp"),
    [
        pytest.param("a@contoso.com", "contoso", "adfs", id="exact"),
        pytest.param("a@hr.contoso.com", "contoso", "adfs", id="wildcard"),
        pytest.param("a@special.contoso.com", None, None, id="exact before wildcard: fabrikam, which has two"),
        pytest.param("a@cloud.contoso.com", "contoso", "entra", id="the IdP made for the domain"),
        pytest.param("a@x.region.contoso.com", "contoso", "regions", id="the IdP made for a wildcard"),
        pytest.param("a@x.north.region.contoso.com", "contoso", "north", id="the most specific IdP"),
        pytest.param("a@old.contoso.com", "contoso", "adfs", id="a switched-off IdP is passed over"),
        pytest.param("A@CONTOSO.COM.", "contoso", "adfs", id="canonical form"),
        pytest.param("a@ｃｏｎｔｏｓｏ.com", "contoso", "adfs", id="CL-25"),
        pytest.param("a@evilcontoso.com", None, None, id="TN-10"),
        pytest.param("a@contoso.com.evil", None, None, id="TN-10"),
        pytest.param("a@contoso.com@evil.org", None, None, id="TN-10"),
        pytest.param("a@x.fabrikam.com", None, None, id="TN-11"),
        pytest.param("a@c\u043entoso.com", None, None, id="CL-24"),
    ],
)
def test_an_address_leads_to_its_domains_idp(email, tenant, idp):
    realm = decide(WORLD, CLIENT, email=email)
    assert (realm.tenant, realm.idp) == (tenant, idp)
    assert realm.signal == ("email" if tenant or "special" in email else "chooser")
    assert realm.active_tenant is None


def test_a_domain_hint_leads_like_an_address():
    assert where(domain_hint="CLOUD.contoso.com") == ("redirect", "contoso", "entra", "domain_hint")


@pytest.mark.parametrize("hint", ["organizations", "", "a@contoso.com", "127.0.0.1", "contoso.com\n"])
def test_a_domain_hint_that_is_no_domain_is_passed_over(hint):
    realm = decide(WORLD, CLIENT, domain_hint=hint)
    assert (realm.signal, realm.tried[0]) == ("chooser", Signal("domain_hint", "not a domain"))


def test_several_idps_for_a_domain_are_for_the_person_to_choose():
    realm = decide(WORLD, CLIENT, email="a@fabrikam.com", remembered=(("contoso", "adfs"),))
    assert (realm.outcome, realm.signal) == ("chooser", "email")
    assert realm.choices == (("fabrikam", "okta"), ("fabrikam", "google"))


def test_the_active_tenant_is_looked_at_first():
    """Fabrikam holds the exact domain; contoso's wildcard covers it, and contoso is active."""
    assert where(asked_tenant="contoso", email="a@special.contoso.com")[:3] == ("redirect", "contoso", "adfs")


def test_an_idp_made_for_a_domain_makes_its_active_tenant_serve_it():
    guests = tenant("guests", idp("guests", "everyday"), idp("guests", "partner", only_for=("fabrikam.com",)))
    world = configuration(guests, FABRIKAM)
    realm = decide(world, ANYONE, asked_tenant="guests", email="a@fabrikam.com")
    assert (realm.tenant, realm.idp) == ("guests", "partner")


def test_an_address_may_lead_away_from_the_active_tenant():
    """The person then signs in at home; only a guest entry of the active tenant gives a token."""
    realm = decide(WORLD, CLIENT, asked_tenant="fabrikam", email="a@contoso.com")
    assert (realm.active_tenant, realm.tenant, realm.idp) == ("fabrikam", "contoso", "adfs")


@pytest.mark.parametrize("email", ["a@private.com", "a@asleep.com", "a@nobody.org"])
@pytest.mark.parametrize("active", [None, "fabrikam"])
def test_a_domain_that_cannot_be_used_looks_unknown(email, active):
    """TN-07: the same outcome, choices and reason; only the operator's words name the domain."""
    domain = email.partition("@")[2]
    unknown = decide(WORLD, CLIENT, asked_tenant=active, email="a@never.seen.org")
    realm = decide(WORLD, CLIENT, asked_tenant=active, email=email)
    assert realm.tried[0].result == f"no tenant of this client serves {domain}"
    assert (realm.outcome, realm.signal, realm.choices, realm.tried[1:]) == (
        unknown.outcome,
        unknown.signal,
        unknown.choices,
        unknown.tried[1:],
    )


def test_a_tenant_without_an_idp_for_the_domain_is_passed_over():
    narrow = tenant("narrow", idp("narrow", "only", only_for=("other.org",)), domains=("narrow.org",))
    realm = decide(configuration(narrow), ANYONE, email="a@narrow.org")
    assert (realm.outcome, realm.signal, realm.choices) == ("chooser", "chooser", ())


# The network


@pytest.mark.parametrize(
    ("address", "tenant", "idp", "signal"),
    [
        pytest.param("198.51.7.7", "contoso", "adfs", "network", id="inside"),
        pytest.param("198.51.100.7", "open", "public", "network", id="the most specific network"),
        pytest.param("2001:db8::1", "contoso", "adfs", "network", id="IPv6"),
        pytest.param("203.0.113.7", None, None, "chooser", id="several IdPs: no decision"),
        pytest.param("192.0.2.7", None, None, "chooser", id="a tenant that may not use the client"),
        pytest.param("8.8.8.8", None, None, "chooser", id="nobody's"),
    ],
)
def test_a_network_leads_to_its_tenants_only_idp(address, tenant, idp, signal):
    assert where(ip=ip_address(address))[1:] == (tenant, idp, signal)


def test_a_network_never_leads_away_from_the_active_tenant():
    assert where(asked_tenant="fabrikam", ip=ip_address("198.51.7.7")) == ("chooser", None, None, "chooser")


def test_the_active_tenants_wider_network_is_found_behind_anothers_narrower_one():
    assert where(asked_tenant="contoso", ip=ip_address("198.51.100.7"))[1:] == ("contoso", "adfs", "network")


def test_a_network_never_names_a_tenants_idps_on_the_chooser():
    assert decide(WORLD, CLIENT, ip=ip_address("203.0.113.7")).choices == (("open", "public"),)


# The cookie


def test_the_browsers_latest_usable_home_realm_decides():
    used = (("private", "secret"), ("contoso", "old"), ("asleep", "sleepy"), ("fabrikam", "okta"), ("contoso", "adfs"))
    assert where(remembered=used) == ("redirect", "fabrikam", "okta", "cookie")


def test_the_cookie_counts_only_inside_the_active_tenant():
    used = (("fabrikam", "okta"), ("contoso", "entra"))
    assert where(asked_tenant="contoso", remembered=used)[1:] == ("contoso", "entra", "cookie")


def test_a_cookie_that_names_nothing_usable_is_ignored():
    """TN-12."""
    used = (("nobody", "okta"), ("contoso", "okta"), ("private", "secret"))
    assert where(remembered=used) == ("chooser", None, None, "chooser")


# The only IdP, the chooser, the choice


def test_the_only_idp_for_everybody_of_the_active_tenant_decides():
    assert where(asked_tenant="contoso") == ("redirect", "contoso", "adfs", "only_idp")
    assert where(asked_tenant="fabrikam") == ("chooser", None, None, "chooser")
    assert where() == ("chooser", None, None, "chooser")


def test_the_chooser_never_shows_the_customer_list():
    """TN-08: the active tenant's, what this browser used, and what is listed; nothing hidden, asleep or forbidden."""
    used = (("contoso", "entra"), ("private", "secret"), ("contoso", "old"))
    realm = decide(WORLD, CLIENT, asked_tenant="fabrikam", remembered=used)
    assert realm.choices == (("fabrikam", "okta"), ("fabrikam", "google"), ("contoso", "entra"), ("open", "public"))
    assert decide(WORLD, ANYONE).choices == (("open", "public"), ("private", "secret"))


def test_whoever_asks_to_choose_gets_the_chooser():
    hints = {"asked_tenant": "contoso", "ip": ip_address("198.51.7.7"), "remembered": (("contoso", "entra"),)}
    assert where(**hints, ask=True) == ("chooser", None, None, "chooser")
    assert where(**hints, ask=True, email="a@contoso.com")[3] == "email"


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param({"asked_tenant": "contoso", "chosen": ("contoso", "entra")}, id="the active tenant's"),
        pytest.param({"chosen": ("open", "public")}, id="listed"),
        pytest.param({"remembered": (("fabrikam", "okta"),), "chosen": ("fabrikam", "okta")}, id="used before"),
        pytest.param({"email": "a@fabrikam.com", "chosen": ("fabrikam", "google")}, id="offered for the address"),
        pytest.param({"domain_hint": "fabrikam.com", "chosen": ("fabrikam", "google")}, id="offered for the hint"),
    ],
)
def test_a_choice_that_was_offered_decides(hints):
    assert where(**hints) == ("redirect", *hints["chosen"], "chooser")


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param({"chosen": ("contoso", "adfs")}, id="TN-05 hidden IdP"),
        pytest.param({"chosen": ("nobody", "nothing")}, id="TN-05 no such IdP"),
        pytest.param({"chosen": ("private", "secret")}, id="TN-06 tenant without the client"),
        pytest.param({"chosen": ("asleep", "sleepy")}, id="suspended tenant"),
        pytest.param({"asked_tenant": "contoso", "chosen": ("contoso", "old")}, id="switched off"),
        pytest.param({"asked_tenant": "contoso", "chosen": ("fabrikam", "okta")}, id="TN-06 another tenant's"),
        pytest.param({"email": "a@fabrikam.com", "chosen": ("contoso", "adfs")}, id="not offered for the address"),
    ],
)
def test_a_choice_that_was_not_offered_is_refused(hints):
    assert refused(**hints) == "idp_unknown"


def test_contosos_idps_are_hidden_from_whoever_names_no_tenant():
    names = {("contoso", name) for name in CONTOSO.identity_providers}
    assert not names & set(decide(WORLD, ANYONE, email="a@nobody.org").choices)
