"""Rules between files; they are looked at even where a file has problems of its own."""

from __future__ import annotations

from pathlib import Path

from broker import configuration

from .folders import CLIENT, TENANT, write


def lines(folder: Path, files: dict[str, str], environ: dict[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in configuration.check(write(folder, files), environ or {})]


def test_one_tenant_id_once(tmp_path: Path) -> None:
    files = {"tenants/a.yaml": TENANT.format(id="contoso"), "tenants/b.yaml": TENANT.format(id="contoso")}
    assert lines(tmp_path, files) == [
        "tenants/b.yaml:1:5: id: `contoso` is already a tenant in tenants/a.yaml; give one of the two another id"
    ]


def test_one_client_id_once_whatever_its_case(tmp_path: Path) -> None:
    """YM-23"""
    files = {
        "clients/a.yaml": CLIENT.format(id="app"),
        "clients/b.yaml": CLIENT.format(id="app").replace(": app", ": APP"),
    }
    assert lines(tmp_path, files) == [
        (
            "clients/b.yaml:1:12: client_id: `APP` is already a client in clients/a.yaml; "
            "give one of the two another client_id, in more than upper and lower case"
        )
    ]


def test_one_domain_belongs_to_one_tenant_however_it_is_written(tmp_path: Path) -> None:
    files = {
        "tenants/a.yaml": TENANT.format(id="a") + 'home_realm: {email_domains: [straße.de, "*.x.com"]}\n',
        "tenants/b.yaml": TENANT.format(id="b") + 'home_realm: {email_domains: [XN--STRAE-OQA.de, "*.X.com", x.com]}\n',
    }
    theirs = "already belongs to the tenant in tenants/a.yaml; one domain belongs to one tenant: "
    theirs += "remove it from one of the two"
    assert lines(tmp_path, files) == [
        f"tenants/b.yaml:4:30: home_realm.email_domains[0]: `xn--strae-oqa.de` {theirs}",
        f"tenants/b.yaml:4:48: home_realm.email_domains[1]: `*.x.com` {theirs}",
    ]


def test_one_network_belongs_to_one_tenant(tmp_path: Path) -> None:
    files = {
        "tenants/a.yaml": TENANT.format(id="a") + "home_realm: {networks: [192.0.2.0/24]}\n",
        "tenants/b.yaml": TENANT.format(id="b") + "home_realm: {networks: [192.0.0.0/16, 192.0.2.0/24]}\n",
    }
    assert lines(tmp_path, files) == [
        (
            "tenants/b.yaml:4:39: home_realm.networks[1]: 192.0.2.0/24 already belongs to the tenant in "
            "tenants/a.yaml; one network belongs to one tenant: remove it from one of the two"
        )
    ]


def test_a_host_label_names_one_tenant(tmp_path: Path) -> None:
    files = {
        "tenants/a.yaml": TENANT.format(id="a") + "home_realm: {subdomain: b}\n",
        "tenants/b.yaml": TENANT.format(id="b"),
    }
    assert lines(tmp_path, files) == [
        (
            "tenants/b.yaml:1:5: id: `b` is already the host label of the tenant in tenants/a.yaml; "
            "give one of the two another home_realm.subdomain"
        )
    ]


def test_a_label_that_its_tenant_gave_up_is_free(tmp_path: Path) -> None:
    files = {
        "tenants/a.yaml": TENANT.format(id="a") + "home_realm: {subdomain: b}\n",
        "tenants/b.yaml": TENANT.format(id="b") + "home_realm: {subdomain: a}\n",
    }
    assert lines(tmp_path, files) == []


def test_no_client_id_equals_an_audience(tmp_path: Path) -> None:
    """An ID token (`aud`: client_id) must never pass for an access token (`aud`: audience)."""
    files = {
        "clients/a.yaml": CLIENT.format(id="app"),
        "clients/b.yaml": CLIENT.format(id="other") + "audience: app\n",
        "clients/c.yaml": CLIENT.format(id="c").replace("client_id: c", "client_id: https://login.example.com"),
    }
    remedy = "a client_id and an audience may never be equal"
    assert lines(tmp_path, files) == [
        f"clients/a.yaml:1:12: client_id: `app` is also an audience; {remedy}",
        f"clients/c.yaml:1:12: client_id: `https://login.example.com` is also an audience; {remedy}",
    ]


def test_a_client_names_tenants_that_exist(tmp_path: Path) -> None:
    files = {
        "clients/a.yaml": CLIENT.format(id="app") + "tenants: [contoso, fabrikam]\n",
        "tenants/a.yaml": TENANT.format(id="contoso"),
    }
    assert lines(tmp_path, files) == [
        "clients/a.yaml:4:20: tenants[1]: there is no tenant `fabrikam`; mend the id, or remove it"
    ]


def test_a_problem_inside_a_file_hides_none_between_files(tmp_path: Path) -> None:
    faulty = (
        TENANT.format(id="b") + "colour: blue\nroles: [no, x]\nhome_realm: {email_domains: [~, x.com], networks: [q]}\n"
    )
    files = {
        "broker.yaml": "issuer: nonsense\n",
        "clients/a.yaml": "client_id: app\ntenants: [nobody]\n",
        "tenants/a.yaml": TENANT.format(id="a") + "home_realm: {email_domains: [x.com]}\n",
        "tenants/b.yaml": faulty,
    }
    places = [line.split(" ")[0] + line.split(" ")[1] for line in lines(tmp_path, files)]
    assert places == [
        "broker.yaml:1:9:issuer:",
        "clients/a.yaml:1:1:auth:",
        "clients/a.yaml:1:1:redirect_uris:",
        "clients/a.yaml:2:11:tenants[0]:",
        "tenants/b.yaml:4:1:colour:",
        "tenants/b.yaml:5:9:roles[0]:",
        "tenants/b.yaml:6:30:home_realm.email_domains[0]:",
        "tenants/b.yaml:6:33:home_realm.email_domains[1]:",  # x.com belongs to a
        "tenants/b.yaml:6:52:home_realm.networks[0]:",
    ]


def test_two_files_without_ids_are_not_the_same_object(tmp_path: Path) -> None:
    files = {
        "tenants/a.yaml": "name: A\n",
        "tenants/b.yaml": "name: B\n",
        "clients/a.yaml": "name: A\n",
        "clients/b.yaml": "name: B\n",
    }
    assert not [line for line in lines(tmp_path, files) if "already" in line or "audience" in line]


API = "audience: https://api.example.com\n"


def test_one_audience_is_one_api(tmp_path: Path) -> None:
    assert lines(tmp_path, {"apis/a.yaml": API, "apis/b.yaml": API}) == [
        (
            "apis/b.yaml:1:11: audience: `https://api.example.com` is already an API in apis/a.yaml; "
            "one audience is one API: give one of the two another"
        ),
    ]


def test_no_client_is_called_like_an_api(tmp_path: Path) -> None:
    """TK-53: no ID token passes for an access token."""
    files = {"clients/a.yaml": CLIENT.format(id="orders"), "apis/a.yaml": "audience: orders\n"}
    assert lines(tmp_path, files) == [
        "clients/a.yaml:1:12: client_id: `orders` is also an audience; a client_id and an audience may never be equal"
    ]


def test_what_an_api_and_a_client_say_of_each_other(tmp_path: Path) -> None:
    files = {
        "apis/a.yaml": API + "tenants: [nobody]\nintrospection: {clients: [nobody]}\nexchange: {from: [app, nobody]}\n",
        "clients/a.yaml": CLIENT.format(id="app") + "apis: [https://api.example.com, https://other.example.com]\n",
    }
    assert lines(tmp_path, files) == [
        "apis/a.yaml:2:11: tenants[0]: there is no tenant `nobody`; mend the id, or remove it",
        "apis/a.yaml:3:27: introspection.clients[0]: there is no client `nobody`; mend the id, or remove it",
        (
            "apis/a.yaml:4:19: exchange.from[0]: `app` exchanges nothing: it lacks the grant "
            "urn:ietf:params:oauth:grant-type:token-exchange; add the grant to the client"
        ),
        "apis/a.yaml:4:24: exchange.from[1]: there is no client `nobody`; mend the id, or remove it",
        (
            "clients/a.yaml:4:33: apis[1]: there is no API with the audience `https://other.example.com`; "
            "add a file for it below apis/, or mend the name"
        ),
    ]


def test_an_api_asks_under_a_name_of_its_own(tmp_path: Path) -> None:
    asking = "introspection: {client_id: app, auth: {method: client_secret_basic, secret: {env: STRONG}}}\n"
    files = {"apis/a.yaml": API + asking, "clients/a.yaml": CLIENT.format(id="app")}
    assert lines(tmp_path, files)[0] == (
        "apis/a.yaml:2:28: introspection.client_id: `app` is already a client in clients/a.yaml; "
        "give one of the two another client_id, in more than upper and lower case"
    )


def test_an_audience_is_not_our_issuer(tmp_path: Path) -> None:
    assert lines(tmp_path, {"apis/a.yaml": "audience: https://login.example.com\n"}) == [
        (
            "apis/a.yaml:1:11: audience: is our own issuer: it is the audience of tokens for no API; "
            "give the API a name of its own"
        ),
    ]


def test_a_guest_comes_from_a_tenant_that_lets_them_out_and_whose_address_theirs_is(tmp_path: Path) -> None:
    guests = "[{home_tenant: b, email: ada@b.com}, {home_tenant: b, email: ben@sub.b.com}]"
    files = {
        "tenants/a.yaml": TENANT.format(id="a") + f"guests: {guests}\n",
        "tenants/b.yaml": TENANT.format(id="b") + "home_realm: {email_domains: [b.com]}\nguests_out: false\n",
    }
    shut = "`b` has `guests_out: false`: this guest cannot come in; remove the entry"
    assert lines(tmp_path, files) == [
        f"tenants/a.yaml:4:24: guests[0].home_tenant: {shut}",
        f"tenants/a.yaml:4:60: guests[1].home_tenant: {shut}",
        "tenants/a.yaml:4:70: guests[1].email: is in none of the email_domains of `b`; write an address of that tenant",
    ]
