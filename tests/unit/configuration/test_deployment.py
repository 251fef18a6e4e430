"""broker.yaml, the environment and the command line (contract sections 4 and 5)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from broker.configuration import load_deployment
from broker.errors import ConfigurationError
from broker.model import Lifetimes, Signing

LIFETIMES = "access_token, id_token, refresh_token, session_idle, session_absolute"
ALGORITHMS = "use ES256, RS256, PS256 or EdDSA"


def put(folder: Path, text: str) -> Path:
    (folder / "broker.yaml").write_text(text)
    return folder


def problems(folder: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load_deployment(folder, environ, {})
    return [str(problem) for problem in refused.value.problems]


def test_the_smallest_file(tmp_path: Path) -> None:
    deployment = load_deployment(put(tmp_path, "issuer: https://login.example.com\n"), {})
    assert deployment.issuer == "https://login.example.com"
    assert deployment.database_url == f"sqlite:///{tmp_path}/var/broker.db"
    assert (deployment.signing, deployment.lifetimes) == (Signing(), Lifetimes())
    assert not deployment.loopback


def test_everything_in_it(tmp_path: Path) -> None:
    text = """\
issuer: http://127.0.0.1:8080
database: sqlite:////data/broker.db
trusted_proxies: [127.0.0.1/32]
signing: {default: RS256, also: [ES256]}
lifetimes: {access_token: 5m, refresh_token: 90d, session_idle: 30s}
outbound: {private_networks: [10.0.0.0/8]}
"""
    deployment = load_deployment(put(tmp_path, text), {})
    assert deployment.database_url == "sqlite:////data/broker.db"
    assert deployment.trusted_proxies == (ip_network("127.0.0.1/32"),)
    assert deployment.private_networks == (ip_network("10.0.0.0/8"),)
    assert deployment.signing == Signing("RS256", ("ES256",))
    assert deployment.lifetimes == Lifetimes(access_token=300, refresh_token=7_776_000, session_idle=30)
    assert deployment.loopback


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    folder = put(tmp_path, "issuer: https://file.example.com\ndatabase: sqlite:////file.db\n")
    environ = {"BROKER_ISSUER": "https://env.example.com", "BROKER_DATABASE_URL": "sqlite:////env.db"}
    flags = {"issuer": "https://flag.example.com", "database": "sqlite:////flag.db"}
    found = [load_deployment(folder, environ, given) for given in ({}, flags)]
    assert [one.issuer for one in found] == ["https://env.example.com", "https://flag.example.com"]
    assert [one.database_url for one in found] == ["sqlite:////env.db", "sqlite:////flag.db"]


def test_the_environment_alone_is_enough() -> None:
    deployment = load_deployment(None, {"BROKER_ISSUER": "https://login.example.com"})
    assert deployment.database_url == "sqlite:///var/broker.db"


def test_the_database_may_be_named_by_a_variable(tmp_path: Path) -> None:
    folder = put(tmp_path, "issuer: https://a.example.com\ndatabase: {env: DB}\n")
    assert load_deployment(folder, {"DB": "postgresql+psycopg://u@h/d"}).database_url == "postgresql+psycopg://u@h/d"
    expected = "broker.yaml:2:11: database: the environment variable DB is not set; set it, or set BROKER_DATABASE_URL"
    assert problems(folder, {}) == [expected]


def test_no_issuer_anywhere(tmp_path: Path) -> None:
    line = "broker.yaml:1:1: issuer: is missing; add `issuer: https://…`, or set BROKER_ISSUER"
    assert problems(None, {}) == [line]
    assert problems(put(tmp_path, "lifetimes: {}\n"), {}) == [line]


@pytest.mark.parametrize(
    ("issuer", "what"),
    [
        ("https://login.example.com/", "is not an origin"),
        ("https://login.example.com/idp", "is not an origin"),
        ("https://login.example.com?x", "is not an origin"),
        ("http://login.example.com", "http is for loopback addresses only"),
        ("http://192.0.2.1", "http is for loopback addresses only"),
        ("https://Login.example.com", "the host is not in lower case"),
        ("https://user@login.example.com", "holds a user name or password"),
        ("https://127.0.0.1", "is a loopback address"),
        ("login.example.com", "is not an origin"),
        ("ftp://login.example.com", "`ftp` is not accepted"),
        ("https://login.example.com:443", "names the default port"),
        ("https://login.example.com:99999", "is not an absolute URL"),
    ],
)
def test_the_issuer_is_an_origin(issuer: str, what: str) -> None:
    assert [line.split(": ")[2].split(";")[0] for line in problems(None, {"BROKER_ISSUER": issuer})] == [what]


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_a_loopback_issuer_may_be_http(issuer: str) -> None:
    assert load_deployment(None, {"BROKER_ISSUER": issuer}).loopback


def test_every_problem_of_the_file_at_once(tmp_path: Path) -> None:
    text = """\
isuer: https://login.example.com
database: mysql://x
lifetimes: {session_idle: 9h, session_absolute: 8h, code: 1h, id_token: 10}
signing: {default: HS256}
"""
    assert problems(put(tmp_path, text), {"BROKER_ISSUER": "https://a.example.com"}) == [
        "broker.yaml:1:1: isuer: unknown key; did you mean `issuer`?",
        "broker.yaml:2:11: database: is not a database that is supported; write sqlite:///FILE or postgresql+psycopg://…",
        "broker.yaml:3:27: lifetimes.session_idle: is longer than session_absolute; make it shorter",
        f"broker.yaml:3:53: lifetimes.code: unknown key; known here: {LIFETIMES}",
        "broker.yaml:3:73: lifetimes.id_token: is not a duration; write a whole number and a unit: 30s, 10m, 8h or 90d",
        f"broker.yaml:4:20: signing.default: is not one of the words that may stand here; {ALGORITHMS}",
    ]
