"""T24: AD FS matches our name by prefix, so none of our names may lie below another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import configuration

from .folders import write

IDP = "id: {id}\nidentity_providers:\n  - {{id: idp, protocol: saml, vendor: adfs{more}, metadata: {{url: 'https://i.example.com/md'}}}}\n"
OURS = "https://login.example.com/t/b/saml/idp/metadata"


def found(folder: Path, **names: str) -> list[str]:
    files = {
        f"tenants/{tenant}.yaml": IDP.format(id=tenant, more=f", sp_entity_id: {name!r}" if name else "")
        for tenant, name in names.items()
    }
    problems = configuration.check(write(folder, files), {})
    assert all(problem.warning for problem in problems)
    return [f"{problem.file}: {problem.path}: {problem.what}" for problem in problems]


def test_our_own_names_lie_beside_each_other(tmp_path: Path) -> None:
    assert found(tmp_path, a="", b="", ab="") == []


@pytest.mark.parametrize(
    "name", ["https://LOGIN.example.com/t/b/", "https://login.example.com/t/b?x=1", "https://login.example.com"]
)
def test_a_chosen_name_above_another_one_is_noticed(tmp_path: Path, name: str) -> None:
    (line,) = found(tmp_path, a=name, b="")
    assert line.startswith("tenants/a.yaml: identity_providers[0].sp_entity_id: https://login.example.com")
    assert line.endswith(f"{OURS} in tenants/b.yaml: AD FS may take one for the other")


def test_a_chosen_name_below_our_own_is_noticed_where_it_stands(tmp_path: Path) -> None:
    (line,) = found(tmp_path, a=f"{OURS}/second", b="")
    assert line.startswith("tenants/a.yaml: identity_providers[0].sp_entity_id: ")


@pytest.mark.parametrize("name", ["https://login.example.com/t/b2", "https://other.example.com/t/b", "urn:broker:b"])
def test_a_name_beside_another_one_is_fine(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, a=name, b="") == []


@pytest.mark.parametrize(
    ("names", "place"),
    [
        ({"a": OURS, "b": ""}, "tenants/a.yaml: identity_providers[0].sp_entity_id: "),
        ({"a": "", "b": "https://login.example.com/t/a/saml/idp/metadata/"}, "tenants/b.yaml: "),
        ({"a": "urn:broker", "b": "urn:broker"}, "tenants/b.yaml: "),
    ],
)
def test_a_name_that_two_trusts_have_is_noticed_once(tmp_path: Path, names: dict[str, str], place: str) -> None:
    (line,) = found(tmp_path, **names)
    assert line.startswith(place)
    assert "is also our name in tenants/" in line


def test_a_realm_that_is_another_s_entity_id_is_noticed(tmp_path: Path) -> None:
    """WS-Federation's tokens name nothing but the realm: theirs is the audience of both."""
    rows = {"saml": "protocol: saml, sp_entity_id", "wsfed": "protocol: wsfed, wtrealm"}
    text = "".join(
        f"  - {{id: {name}, vendor: adfs, metadata: {{url: 'https://i.example.com/{name}'}}, {keys}: 'urn:broker'}}\n"
        for name, keys in rows.items()
    )
    problems = configuration.check(write(tmp_path, {"tenants/a.yaml": f"id: a\nidentity_providers:\n{text}"}), {})
    (shared,) = (one for one in problems if "is also our name" in one.what)
    assert (shared.path, shared.warning) == ("identity_providers[1].wtrealm", True)
