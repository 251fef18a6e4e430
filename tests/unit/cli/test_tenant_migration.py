"""`broker tenant migrate-idp`: people keep their `sub`, by an explicit crosswalk and never by a guess."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.cli import main
from broker.model import Identity, serial
from broker.seal import Seal
from broker.store import Store
from tests.unit.store.samples import session

NOW = 1_800_000_000
KEY = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"
OLD, NEW = "https://old.example.com", "https://new.example.com"
TENANT = {
    "id": "contoso",
    "home_realm": {"email_domains": ["contoso.com"]},
    "identity_providers": [
        {"id": "old", "protocol": "oidc", "issuer": OLD, "client_id": "c", "client_auth": "none"},
        {"id": "new", "protocol": "oidc", "issuer": NEW, "client_id": "c", "client_auth": "none"},
        {
            "id": "linking",
            "protocol": "oidc",
            "issuer": NEW,
            "client_id": "c",
            "client_auth": "none",
            "link_by_email": True,
        },
        {"id": "saml", "protocol": "saml", "metadata": {"url": "https://idp.example.com/metadata"}},
    ],
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A database that the folder names, with people of the old IdP."""
    url = f"sqlite:///{tmp_path}/broker.db"
    monkeypatch.setenv("BROKER_ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("BROKER_DATABASE_URL", url)
    (tmp_path / "tenants").mkdir()
    (tmp_path / "broker.yaml").write_text("issuer: https://login.example.com\n")
    for tenant in ("contoso", "fabrikam"):
        (tmp_path / "tenants" / f"{tenant}.yaml").write_text(
            json.dumps({**TENANT, "id": tenant, "home_realm": {"email_domains": [f"{tenant}.com"]}})
        )
    opened = Store(url, Seal(b"keykeykeykeykeykeykeykeykeykeyke"), lambda: 0.0)
    opened.upgrade()
    yield opened
    opened.close()


def migrate(tmp_path: Path, *more: str, to: str = "new", tenant: str = "contoso") -> int:
    return main(["tenant", "migrate-idp", tenant, "--from", "old", "--to", to, "--config", str(tmp_path), *more])


def mapped(tmp_path: Path, *lines: str) -> tuple[str, str]:
    (tmp_path / "map.csv").write_text("\n".join(["from,to", *lines]) + "\n")
    return "--map", str(tmp_path / "map.csv")


def test_the_new_name_is_the_old_person(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = store.of("contoso")
    anna, bert = here.person("old", OLD, "anna"), here.person("old", OLD, "bert")
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1", "bert,b-1"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["carried"] == 2
    assert (here.person("new", NEW, "a-1"), here.person("new", NEW, "b-1")) == (anna, bert)
    assert here.person("old", OLD, "anna") == anna, "the old IdP still works meanwhile"
    events = [stored.event for stored in here.events()]
    assert sorted((event.event, event.idp, event.sub) for event in events) == sorted(
        ("person.migrated", "new", sub) for sub in (anna, bert)
    )


def test_a_second_run_changes_nothing(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store.of("contoso").person("old", OLD, "anna")
    arguments = (*mapped(tmp_path, "anna,a-1"), "--json")
    assert migrate(tmp_path, *arguments) == 0
    capsys.readouterr()
    assert migrate(tmp_path, *arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["carried"], answer["to_carry"], answer["done_before"]) == (0, 0, 1)


def test_a_dry_run_says_it_and_changes_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = store.of("contoso")
    here.person("old", OLD, "anna")
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1"), "--dry-run") == 0
    assert capsys.readouterr().out == "contoso: old -> new: 1 would be carried over, 0 were before\n"
    assert here.known_person("new", NEW, "a-1") is None
    assert here.events() == ()


def test_what_cannot_be_carried_is_named_and_the_rest_is_carried(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = store.of("contoso")
    anna = here.person("old", OLD, "anna")
    for upstream in (OLD, "https://before.example.com"):
        here.person("old", upstream, "twice")
    here.person("old", OLD, "bert")
    other = here.person("new", NEW, "b-1")
    lines = ("anna,a-1", "twice,t-1", "nobody,n-1", "bert,b-1")
    assert migrate(tmp_path, *mapped(tmp_path, *lines), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["unknown"], answer["ambiguous"], answer["taken"]) == (["nobody"], ["twice"], ["b-1"])
    assert (here.person("new", NEW, "a-1"), here.person("new", NEW, "b-1")) == (anna, other)


def test_another_tenants_people_are_not_there(store: Store, tmp_path: Path) -> None:
    """The crosswalk reads and writes one tenant alone."""
    store.of("contoso").person("old", OLD, "anna")
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1"), tenant="fabrikam") == 1
    assert store.of("fabrikam").people_of("new") == store.of("contoso").people_of("new") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna,a-1\n", "the header must be from,to"),
        ("", "the header must be from,to"),
        ("from,to\nanna\n", "a line holds two subjects"),
        ("from,to\nanna,\n", "a line holds two subjects"),
        ("from,to\nanna,a\nanna,b\n", "stands here twice"),
        ("from,to\nanna,a\nbert,a\n", "stands here twice"),
    ],
)
def test_a_crosswalk_that_is_none_is_refused(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "map.csv").write_text(text)
    assert migrate(tmp_path, "--map", str(tmp_path / "map.csv")) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("to", "said"), [("nowhere", "no identity provider"), ("old", "the same"), ("saml", "give --upstream")]
)
def test_where_to_must_be_clear(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str, said: str
) -> None:
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1"), to=to) == 2
    assert said in capsys.readouterr().err


def test_an_entity_id_may_be_given(store: Store, tmp_path: Path) -> None:
    here = store.of("contoso")
    anna = here.person("old", OLD, "anna")
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1"), "--upstream", "urn:new", to="saml") == 0
    assert here.person("saml", "urn:new", "a-1") == anna


def signed_in(store: Store, sub: str, sid: str, email: str, verified: bool | None = None) -> None:
    identity = Identity("contoso", "old", OLD, sub, {"email": (email,)}, email_verified=verified)
    made = session(sid=sid, sub=sub, idp="old", identity=serial.dumps(identity))
    store.of("contoso").open_session(replace(made, expires_at=NOW * 2), "browser")


def test_by_email_gives_the_address_to_whoever_brought_it(store: Store, tmp_path: Path) -> None:
    """The new IdP must prove it then, and say link_by_email."""
    here = store.of("contoso")
    anna, bert = here.person("old", OLD, "anna"), here.person("old", OLD, "bert")
    signed_in(store, anna, "sid-1", "Anna@contoso.com", verified=True)
    signed_in(store, bert, "sid-2", "bert@elsewhere.com", verified=True)
    assert migrate(tmp_path, "--by", "email", to="linking") == 0
    assert here.known_person("", "email", "anna@contoso.com") == anna
    assert here.known_person("", "email", "bert@elsewhere.com") is None


def test_an_address_that_the_old_provider_called_unverified_is_not_carried(store: Store, tmp_path: Path) -> None:
    """Who typed a colleague's address there would else be that colleague at the new one."""
    here = store.of("contoso")
    signed_in(store, here.person("old", OLD, "mallory"), "sid-1", "anna@contoso.com", verified=False)
    for more in ((), ("--unverified",)):
        assert migrate(tmp_path, "--by", "email", *more, to="linking") == 0
        assert here.known_person("", "email", "anna@contoso.com") is None


def test_an_address_that_nobody_spoke_of_is_carried_only_when_it_is_said(store: Store, tmp_path: Path) -> None:
    here = store.of("contoso")
    anna = here.person("old", OLD, "anna")
    signed_in(store, anna, "sid-1", "anna@contoso.com", verified=None)
    assert migrate(tmp_path, "--by", "email", to="linking") == 0
    assert here.known_person("", "email", "anna@contoso.com") is None
    assert migrate(tmp_path, "--by", "email", "--unverified", to="linking") == 0
    assert here.known_person("", "email", "anna@contoso.com") == anna


def test_a_map_is_believed_as_it_is(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate(tmp_path, *mapped(tmp_path, "anna,a-1"), "--unverified") == 2
    assert "--by email" in capsys.readouterr().err


def test_an_address_of_two_people_is_nobodys(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = store.of("contoso")
    for number, subject in enumerate(("anna", "bert")):
        signed_in(store, here.person("old", OLD, subject), f"sid-{number}", "desk@contoso.com", verified=True)
    assert migrate(tmp_path, "--by", "email", "--json", to="linking") == 1
    assert json.loads(capsys.readouterr().out)["ambiguous"] == ["desk@contoso.com"]
    assert here.known_person("", "email", "desk@contoso.com") is None


def test_by_email_needs_a_provider_that_links_by_it(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(tmp_path, "--by", "email") == 2
    assert "link_by_email" in capsys.readouterr().err
