"""`sign_in` and `mfa` in the model, and against the clients."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from broker import configuration
from broker.configuration import load, load_deployment, profile, read_folder, vendors
from broker.model import Hours, MultiFactor, Tenant, TokenLifetimes

from .folders import CLIENT, TENANT, write

OP = {"id": "op", "protocol": "oidc", "issuer": "https://op.example.com", "client_id": "x", "client_auth": "none"}


def lines(folder: Path, sign_in: dict[str, object], *, client: str = "", mfa: object = None) -> list[str]:
    tenant = {"id": "a", "roles": ["viewer", "admin"], "sign_in": sign_in}
    provider = OP if mfa is None else {**OP, "mfa": mfa}
    files = {
        "tenants/a.yaml": json.dumps({**tenant, "identity_providers": [provider]}),
        "tenants/b.yaml": TENANT.format(id="b"),
        "clients/web.yaml": CLIENT.format(id="web") + client,
    }
    return [str(problem) for problem in configuration.check(write(folder, files), {})]


def tenant(folder: Path, sign_in: dict[str, object], mfa: object = None) -> Tenant:
    assert lines(folder, sign_in, mfa=mfa) == []
    return load(read_folder(folder), load_deployment(folder, {}), environ={}, revision=1).tenants["a"]


def test_everything_that_a_tenant_may_ask(tmp_path: Path) -> None:
    hours = {"days": ["mon-fri"], "from": "07:00", "to": "19:00", "timezone": "Europe/Berlin"}
    found = tenant(
        tmp_path,
        {
            "require_mfa": True,
            "allowed_networks": ["10.0.0.0/8"],
            "allowed_clients": ["web"],
            "allowed_roles": ["viewer"],
            "hours": hours,
            "max_age": "1h",
            "session_idle": "1h",
            "lifetimes": {"access_token": "5m"},
            "clients": {"web": {"max_age": "15m", "hours": {"from": "22:00", "to": "06:00", "timezone": "UTC"}}},
        },
    ).sign_in
    assert (found.require_mfa, found.allowed_networks) == (True, (ip_network("10.0.0.0/8"),))
    assert (found.allowed_clients, found.allowed_roles) == (("web",), ("viewer",))
    assert found.hours == (Hours((0, 1, 2, 3, 4), 420, 1140, "Europe/Berlin"),)
    assert (found.max_age, found.session_idle, found.lifetimes) == (3600, 3600, TokenLifetimes(access_token=300))
    towards = found.towards("web")
    assert towards.max_age == 900
    assert towards.hours == (*found.hours, Hours(tuple(range(7)), 1320, 360, "UTC"))
    assert found.towards("another").max_age == 3600


def test_nothing_asked_is_everything_allowed(tmp_path: Path) -> None:
    found = tenant(tmp_path, {"allowed_networks": []}).sign_in
    assert (found.require_mfa, found.allowed_networks, found.allowed_clients, found.hours) == (False, None, None, ())


@pytest.mark.parametrize(
    ("days", "numbers"),
    [(["sat-mon"], (0, 5, 6)), (["wed"], (2,)), (["mon-tue", "tue-thu"], (0, 1, 2, 3)), (["mon-sun"], tuple(range(7)))],
)
def test_days_are_single_or_spans(tmp_path: Path, days: list[str], numbers: tuple[int, ...]) -> None:
    hours = {"days": days, "from": "00:00", "to": "24:00", "timezone": "UTC"}
    assert tenant(tmp_path, {"hours": hours}).sign_in.hours == (Hours(numbers, 0, 1440, "UTC"),)


def test_what_means_several_factors_can_be_said_for_one_provider(tmp_path: Path) -> None:
    own = {"acr": ["urn:gold"], "amr": ["fido"], "acrs": ["c1"]}
    assert tenant(tmp_path, {}, own).identity_providers["op"].mfa == MultiFactor(("urn:gold",), ("fido",), ("c1",))
    assert tenant(tmp_path, {}).identity_providers["op"].mfa is None


def found(folder: Path, sign_in: dict[str, object], client: str = "") -> list[str]:
    """Without the places."""
    return [line.split(": ", 1)[1] for line in lines(folder, sign_in, client=client)]


def test_only_clients_of_this_tenant_can_be_named(tmp_path: Path) -> None:
    sign_in: dict[str, object] = {"allowed_clients": ["web", "gone"], "clients": {"web": {}, "gone": {}}}
    foreign = "`web` is not for this tenant; add the tenant to its `tenants`, or remove it here"
    unknown = "there is no client `gone`; mend the client_id, or remove it"
    assert found(tmp_path, sign_in, "tenants: [b]\n") == [
        f"sign_in.allowed_clients[0]: {foreign}",
        f"sign_in.allowed_clients[1]: {unknown}",
        f"sign_in.clients.web: {foreign}",
        f"sign_in.clients.gone: {unknown}",
    ]


def test_a_client_that_is_not_allowed_needs_no_rules(tmp_path: Path) -> None:
    sign_in: dict[str, object] = {"allowed_clients": [], "clients": {"web": {"max_age": "5m"}}}
    assert found(tmp_path, sign_in) == [
        "sign_in.clients.web: is not among allowed_clients; add it there, or remove it here"
    ]


@pytest.mark.parametrize("vendor", vendors())
def test_how_several_factors_are_asked_for_is_data(vendor: str) -> None:
    """What a profile asks for counts, when it comes back, as several factors."""
    row = profile(vendor)
    for names in row.mfa_ask.values():
        assert all("mfa" in row.methods[name] for name in names)
    for word in row.mfa_parameters.values():
        assert "mfa" in row.methods[word]
    assert all(text.endswith(".") for text in row.mfa_advice.values())
