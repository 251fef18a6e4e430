"""Vendor profiles are complete; secrets are found where they are named, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.configuration import profile, vendors
from broker.configuration.secrets import SecretSource, weakness
from broker.configuration.shapes import SecretRef
from broker.model import Secret

EVERYWHERE = "name given_name email upn department job_title company country employee_id employee_type"


@pytest.mark.parametrize("vendor", vendors())
def test_every_profile_types_the_claims_that_rules_may_count_on(vendor: str) -> None:
    """Contract section 5"""
    found = profile(vendor)
    assert {found.types[name] for name in EVERYWHERE.split()} == {"text"}
    assert {found.types[name] for name in ("groups", "roles", "amr")} == {"list"}
    assert found.types["email_verified"] == "bool"
    assert found.subject


@pytest.mark.parametrize("vendor", vendors())
def test_every_short_name_is_typed_so_that_no_rule_meets_a_surprise(vendor: str) -> None:
    found = profile(vendor)
    assert set(found.claim_names.values()) <= set(found.types)
    assert all(name.isidentifier() for name in found.types)


@pytest.mark.parametrize(
    ("vendor", "sent", "short"),
    [
        ("generic", "urn:oid:0.9.2342.19200300.100.1.3", "email"),
        ("generic", "memberOf", "groups"),
        ("adfs", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "email"),
        ("adfs", "http://schemas.xmlsoap.org/claims/Group", "groups"),
        ("entra", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "groups"),
        ("shibboleth", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "affiliation"),
        ("keycloak", "realm_access.roles", "roles"),
    ],
)
def test_a_vendor_s_spelling_gets_its_short_name(vendor: str, sent: str, short: str) -> None:
    assert profile(vendor).claim_names[sent] == short


def test_entra_people_are_never_keyed_by_what_they_can_change() -> None:
    named = {part for candidate in profile("entra").subject for part in candidate.split("+")}
    assert named.isdisjoint({"email", "upn", "preferred_username", "unique_name"})
    assert profile("entra").subject[0] == "tid+oid"


def test_a_secret_file_loses_one_final_newline(tmp_path: Path) -> None:
    (tmp_path / "clients").mkdir()
    (tmp_path / "s").write_text("secret\n\n")
    found = SecretSource({}, tmp_path).resolve(SecretRef(file="../s"), "clients/a.yaml")
    assert isinstance(found, Secret)
    assert found.reveal() == "secret\n"
    assert "secret" not in repr(found)


def test_a_secret_file_may_be_absolute_and_a_link(tmp_path: Path) -> None:
    """Mounted secrets are links."""
    (tmp_path / "data").write_text("secret")
    (tmp_path / "link").symlink_to("data")
    found = SecretSource({}, None).secret(SecretRef(file=str(tmp_path / "link")), "clients/a.yaml")
    assert found is not None
    assert found.reveal() == "secret"


def test_why_a_secret_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "clients").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    source = SecretSource({"EMPTY": ""}, tmp_path)
    refs = [SecretRef(file=f"../{name}") for name in ("pipe", "empty", "binary", "large", "none")]
    refs += [SecretRef(env="ABSENT"), SecretRef(env="EMPTY")]
    assert [source.resolve(ref, "clients/a.yaml") for ref in refs] == [
        "its file is not a regular file",
        "its file is empty",
        "its file is not UTF-8",
        "its file is larger than 65536 bytes",
        "its file cannot be read",
        "the environment variable ABSENT is not set",
        "the environment variable EMPTY is not set",
    ]
    without = SecretSource({}, None).resolve(SecretRef(file="x"), "clients/a.yaml")
    assert without == "its file is relative, and the configuration has no folder"


SAMPLES = ("a" * 31, "a" * 32, "ab" * 20, "secret" * 6, "changeme-0123456789-0123456789-ABCDEF")
GOOD = ("q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6", "0f4be1a79c8d2e3f60718293a4b5c6d7", "correct-horse-battery-staple-etc")


@pytest.mark.parametrize("text", [*SAMPLES, "your_client_secret_goes_here_please"])
def test_a_weak_client_secret_is_refused(text: str) -> None:
    """YM-17"""
    assert weakness(Secret(text)) is not None


@pytest.mark.parametrize("text", GOOD)
def test_a_good_client_secret_is_accepted(text: str) -> None:
    assert weakness(Secret(text)) is None
