"""`broker doctor` against identity providers that answer over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import broker.app
from broker.cli.doctor import Report, _readable
from broker.connectors import Finding
from broker.connectors.endings import clock_finding
from broker.connectors.saml.trust import KIND
from tests.flows.broker_process import Installation
from tests.flows.upstreams import Upstreams, upstreams


@pytest.fixture(scope="module")
def nearby() -> Iterator[Upstreams]:
    with upstreams() as opened:
        yield opened


@pytest.fixture
def made(nearby: Upstreams, tmp_path: Path) -> Installation:
    return nearby.installation(tmp_path / "broker")


def examine(made: Installation, *words: str) -> tuple[int, dict[str, dict[str, tuple[bool, str]]]]:
    """Exit code, and `tenant/idp` -> check -> (good, text)."""
    done = made.command("doctor", "--config", str(made.folder), "--json", *words)
    assert done.stderr == "", done.stderr
    answer = json.loads(done.stdout)
    assert answer["good"] == (done.returncode == 0)
    return done.returncode, {
        f"{one['tenant']}/{one['idp']}": {each["check"]: (each["good"], each["text"]) for each in one["findings"]}
        for one in answer["identity_providers"]
    }


def test_where_all_is_well(made: Installation) -> None:
    code, found = examine(made)
    assert (code, set(found)) == (0, {"contoso/op", "northwind/idp"})
    assert {"discovery", "jwks", "clock", "algorithms"} <= set(found["contoso/op"])
    assert {"metadata", "certificate", "clock"} <= set(found["northwind/idp"])
    assert "seconds" in found["contoso/op"]["clock"][1]
    assert not (made.folder / "broker.db").exists(), "nothing is made"
    assert not list(made.folder.glob("*.key"))


def test_whether_sign_outs_have_somewhere_to_go(made: Installation, nearby: Upstreams) -> None:
    made.tenant("contoso", [{**nearby.oidc_row(made), "logout": "upstream"}], ["contoso.example"])
    assert examine(made)[1]["contoso/op"]["logout"] == (True, f"sign-outs go to {nearby.oidc.issuer}/end")
    nearby.oidc.switches.metadata["end_session_endpoint"] = None
    code, found = examine(made)
    nearby.oidc.switches.metadata.clear()
    assert (code, found["contoso/op"]["logout"][0]) == (1, False)


def test_dead_ones_expired_secrets_and_missing_secrets_fall_short(made: Installation, nearby: Upstreams) -> None:
    dead = {**nearby.oidc_row(made), "id": "dead", "issuer": "http://127.0.0.1:9/op"}
    poor = {**nearby.oidc_row(made), "id": "poor", "client_secret": {"env": "NOWHERE_TO_BE_FOUND"}}
    made.tenant(
        "contoso",
        [
            {**nearby.oidc_row(made), "client_secret_expires": "2020-01-31"},
            {**dead, "for": {"email_domains": ["dead.contoso.example"]}},
            {**poor, "for": {"email_domains": ["poor.contoso.example"]}},
        ],
        ["contoso.example", "*.contoso.example"],
    )
    code, found = examine(made, "--tenant", "contoso")
    assert (code, set(found)) == (1, {"contoso/op", "contoso/dead", "contoso/poor"})
    assert found["contoso/op"]["client_secret"] == (False, "client_secret ended on 2020-01-31")
    assert found["contoso/dead"]["discovery"][0] is False
    assert found["contoso/dead"]["discovery"][1].startswith("connect")
    assert found["contoso/poor"]["client_secret"][0] is False


def test_what_waits_is_shown_and_approved(made: Installation, nearby: Upstreams) -> None:
    """A copy that names another host is trusted; what the identity provider says now waits, then is approved."""
    broker.app.prepare(made.folder, made.environ)
    url = f"{nearby.saml.origin}/metadata"
    offered = nearby.saml._metadata().get_data()
    trusted = offered.replace(f"{nearby.saml.origin}/sso".encode(), b"http://127.0.0.1:1/sso")
    kind = f"{KIND} {url}"
    house = broker.app.create(made.folder, made.environ, upkeep=False).extensions["broker"]
    idp = house.live().tenants["northwind"].identity_providers["idp"]
    house.store.of("northwind").save_document("idp", kind, trusted, 1)
    code, found = examine(made)
    assert code == 1
    good, said = found["northwind/idp"]["waiting"]
    shown = re.fullmatch(
        r"another host to send people to waits for approval \(--approve (northwind/idp=[0-9a-f]{32})\); "
        r"the old one stays in force",
        said,
    )
    assert (good, shown is None) == (False, False), said
    assert shown is not None
    assert house.connectors.of(idp)._trust.renew() > 1
    assert house.connectors.of(idp)._trust.current().sso_url == "http://127.0.0.1:1/sso"
    assert "upstream.change_waits" in [one.event.event for one in house.store.of("northwind").events()]

    def approve(what: str) -> int:
        return made.command("doctor", "--config", str(made.folder), "--approve", what).returncode

    assert [approve("northwind/idp"), approve(f"northwind/idp={'0' * 32}")] == [1, 1]
    assert [approve(shown[1]), approve(shown[1])] == [0, 1]
    assert house.store.of("northwind").events()[-1].event.event == "upstream.change_approved"
    assert examine(made)[0] == 0
    house.store.close()


def test_another_host_of_an_openid_provider_waits_too(made: Installation, nearby: Upstreams) -> None:
    """RP-75: the copy in force names endpoints elsewhere."""
    broker.app.prepare(made.folder, made.environ)
    house = broker.app.create(made.folder, made.environ, upkeep=False).extensions["broker"]
    idp = house.live().tenants["contoso"].identity_providers["op"]
    offered = nearby.oidc.metadata()
    trusted = {
        name: "http://127.0.0.1:1/" if name.endswith(("_endpoint", "_uri")) else offered[name] for name in offered
    }
    house.store.of("contoso").save_document("op", "oidc_discovery", json.dumps(trusted).encode(), 1)
    house.connectors.of(idp)._published.provider()
    code, found = examine(made)
    good, said = found["contoso/op"]["waiting"]
    shown = re.search(r"contoso/op=[0-9a-f]{32}", said)
    assert (code, good, shown is None) == (1, False, False), said
    assert shown is not None
    assert made.command("doctor", "--config", str(made.folder), "--approve", shown[0]).returncode == 0
    assert examine(made)[0] == 0
    approved = house.store.of("contoso").events()[-1].event
    assert (approved.event, approved.detail["digest"]) == ("upstream.change_approved", shown[0].split("=")[1])
    house.store.close()


def test_bad_usage(made: Installation) -> None:
    for words in (["--tenant", "nobody"], ["--approve", "nobody/op"], ["--approve", "contoso/op"]):
        done = made.command("doctor", "--config", str(made.folder), *words)
        assert done.returncode == 2, (words, done.stdout)


@pytest.mark.parametrize(
    ("date", "good"),
    [
        ("Sat, 21 Nov 2026 05:00:30 GMT", True),
        ("Sat, 21 Nov 2026 05:05:00 GMT", False),
        ("", True),
        ("x", True),
        (f"Sat, 21 Nov {'9' * 30} 05:00:30 GMT", True),
        (f"Sat, 21 Nov 2026 05:00:30 +{'9' * 30}", True),
    ],
)
def test_a_clock_that_is_off_is_told(date: str, good: bool) -> None:
    assert clock_finding({"date": date}, 1_795_237_200.0).good == good


def test_what_a_provider_says_cannot_paint_the_operators_terminal() -> None:
    told = Report("contoso", "op", "oidc", (Finding("jwks", True, "1 usable keys: \x1b[2Jall is well\n  ok"),))
    assert _readable([told], []).splitlines() == [
        "contoso/op (oidc): well",
        "  ok  jwks           1 usable keys: \\u001b[2Jall is well\\u000a  ok",
    ]
