"""`broker route` tells where a sign-in would go, in JSON or in words."""

import argparse
import json

import pytest

from broker.cli import route

FILES = {
    "broker.yaml": "issuer: https://login.example.com\n",
    "clients/app.yaml": """
client_id: app
redirect_uris: ["https://app.example.com/cb", "https://{tenant}.app.example.com/cb"]
auth: {method: none}
tenants: [contoso, fabrikam]
""",
    "clients/narrow.yaml": """
client_id: narrow
redirect_uris: ["https://narrow.example.com/cb"]
auth: {method: none}
tenants: [fabrikam]
""",
    "tenants/contoso.yaml": """
id: contoso
home_realm: {email_domains: [contoso.com], networks: [198.51.100.0/24]}
identity_providers:
  - {id: entra, protocol: oidc, issuer: "https://idp.contoso.com", client_id: b, client_secret: {env: S}}
""",
    "tenants/fabrikam.yaml": """
id: fabrikam
home_realm: {email_domains: [fabrikam.com], subdomain: fab}
identity_providers:
  - {id: okta, protocol: oidc, issuer: "https://okta.fabrikam.com", client_id: b, client_secret: {env: S}}
  - {id: google, protocol: oidc, issuer: "https://g.fabrikam.com", client_id: b, client_secret: {env: S}}
""",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def broker(folder, capsys):
    def run(*flags):
        parser = argparse.ArgumentParser()
        route.add(parser.add_subparsers())
        args = parser.parse_args(["route", "--config", str(folder), *flags])
        code = args.run(args)
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("flags", "tenant", "idp", "signal"),
    [
        ("--email a@contoso.com", "contoso", "entra", "email"),
        ("--param login_hint=a@contoso.com", "contoso", "entra", "email"),
        ("--param domain_hint=contoso.com", "contoso", "entra", "domain_hint"),
        ("--param tenant=contoso", "contoso", "entra", "only_idp"),
        ("--param acr_values=tenant:contoso", "contoso", "entra", "only_idp"),
        ("--host contoso.login.example.com", "contoso", "entra", "only_idp"),
        ("--param redirect_uri=https://contoso.app.example.com/cb", "contoso", "entra", "only_idp"),
        ("--client app --param redirect_uri=https://contoso.app.example.com/cb", "contoso", "entra", "only_idp"),
        ("--host fab.login.example.com --param idp=okta", "fabrikam", "okta", "idp"),
        ("--ip 198.51.100.9", "contoso", "entra", "network"),
        ("--ip ::ffff:198.51.100.9", "contoso", "entra", "network"),
        ("--cookie fabrikam/google", "fabrikam", "google", "cookie"),
        ("--cookie nobody/x --cookie fabrikam/google", "fabrikam", "google", "cookie"),
        ("--host login.example.com --email a@contoso.com", "contoso", "entra", "email"),
    ],
)
def test_a_route_names_where_and_why(broker, flags, tenant, idp, signal):
    code, out = broker(*flags.split(), "--json")
    answer = json.loads(out)
    assert (code, answer["outcome"]) == (0, "redirect")
    assert (answer["tenant"], answer["idp"], answer["signal"]) == (tenant, idp, signal)
    assert answer["tried"][-1]["signal"] == signal
    assert all(set(one) == {"signal", "result"} for one in answer["tried"])


@pytest.mark.parametrize(
    "flags",
    [
        "",
        "--email a@nobody.org",
        "--client narrow --email a@contoso.com",
        "--cookie contoso/entra --param prompt=select_account",
    ],
)
def test_the_last_resort_is_the_chooser(broker, flags):
    code, out = broker(*flags.split(), "--json")
    answer = json.loads(out)
    assert (code, answer["outcome"], answer["tenant"], answer["signal"]) == (0, "chooser", None, "chooser")


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--param tenant=nobody", "tenant_unknown"),
        ("--param tenant=contoso --param acr_values=tenant:fabrikam", "tenant_conflict"),
        ("--param tenant=contoso --host fab.login.example.com", "tenant_conflict"),
        ("--param tenant=contoso --param idp=okta", "idp_unknown"),
        ("--client narrow --param tenant=contoso", "client_tenant"),
        ("--client app --param redirect_uri=https://evil.example/cb", "redirect_uri"),
        ("--host elsewhere.example", "host"),
    ],
)
def test_a_request_that_would_be_refused_exits_with_1(broker, flags, reason):
    code, out = broker(*flags.split(), "--json")
    answer = json.loads(out)
    assert (code, answer["outcome"], answer["tenant"], answer["idp"]) == (1, "error", None, None)
    assert answer["reason"] == reason
    assert reason in broker(*flags.split())[1]


def test_two_tenants_in_acr_values_are_refused(broker):
    code, out = broker("--param", "acr_values=tenant:contoso tenant:fabrikam", "--json")
    assert (code, json.loads(out)["reason"]) == (1, "acr_tenants")


def test_words_tell_the_decision_first_and_then_every_signal(broker):
    _, out = broker("--param", "tenant=fabrikam", "--email", "a@contoso.com")
    assert out.splitlines() == [
        "redirect to contoso/entra, decided by email; the token would speak for fabrikam",
        "  tenant       fabrikam",
        "  email        contoso/entra: serves contoso.com; fabrikam has no guests from there",
    ]


@pytest.mark.parametrize(
    ("contoso", "guests", "said"),
    [
        ("", "[{home_tenant: contoso, email: ada@contoso.com}]", "fabrikam has guests from there"),
        (
            "guests_out: false",
            "[{home_tenant: contoso, email: ada@contoso.com}]",
            "contoso lets nobody be a guest of fabrikam",
        ),
        ("", "[]", "fabrikam has no guests from there"),
    ],
)
def test_words_tell_whether_guests_are_expected(broker, folder, contoso, guests, said):
    (folder / "tenants/contoso.yaml").write_text(FILES["tenants/contoso.yaml"] + contoso)
    (folder / "tenants/fabrikam.yaml").write_text(FILES["tenants/fabrikam.yaml"] + f"guests: {guests}")
    _, out = broker("--client", "app", "--param", "tenant=fabrikam", "--email", "ada@contoso.com")
    assert out.splitlines()[-1] == f"  email        contoso/entra: serves contoso.com; {said}"


def test_application_of_the_host_alone_finds_its_guests(broker, folder):
    asked = ("--client", "narrow", "--param", "tenant=fabrikam", "--email", "ada@contoso.com")
    _, out = broker(*asked)
    assert out.startswith("chooser"), "contoso may not use it: the same as an unknown domain (TN-07)"
    guests = "guests: [{home_tenant: contoso, email: ada@contoso.com}]"
    (folder / "tenants/fabrikam.yaml").write_text(FILES["tenants/fabrikam.yaml"] + guests)
    _, out = broker(*asked)
    assert out.startswith("redirect to contoso/entra, decided by email; the token would speak for fabrikam")


@pytest.mark.parametrize(
    "flags", [["--ip", "nonsense"], ["--cookie", "contoso"], ["--param", "tenant"], ["--client", "nobody"]]
)
def test_bad_usage_exits_with_2(broker, flags):
    with pytest.raises(SystemExit) as exit_:
        broker(*flags)
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    ("flags", "remedy"),
    [(["--ip", "x"], "an IP address"), (["--cookie", "x"], "TENANT/IDP"), (["--param", "x"], "K=V")],
)
def test_bad_usage_says_what_to_write(folder, capsys, flags, remedy):
    parser = argparse.ArgumentParser()
    route.add(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["route", "--config", str(folder), *flags])
    said = capsys.readouterr().err
    assert remedy in said
    assert "_" not in said.split("error:")[1]
