"""What an operator reads before a change goes live: every key that differs, in the words of the files."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from broker.configuration.difference import Change, between, environment_of

TENANT = b"""id: contoso
home_realm: {email_domains: [contoso.com, contoso.de]}
identity_providers:
  - {id: adfs, protocol: saml, metadata: {url: https://adfs.contoso.com/m}}
  - {id: entra, protocol: oidc}
roles: [admin, viewer]
claims:
  - set: {department: incoming.department}
  - role: viewer
"""


def changed(after: bytes, before: bytes = TENANT) -> tuple[str, ...]:
    (only,) = between({"tenants/contoso.yaml": before}, {"tenants/contoso.yaml": after})
    assert (only.kind, only.id, only.change) == ("tenant", "contoso", "changed")
    return only.details


def test_every_key_that_differs_is_named_by_its_path() -> None:
    after = TENANT.replace(b"contoso.de", b"contoso.fr").replace(b"adfs.contoso.com", b"sts.contoso.com")
    assert changed(after) == (
        "home_realm.email_domains: - contoso.de",
        "home_realm.email_domains: + contoso.fr",
        "identity_providers[adfs].metadata.url: https://adfs.contoso.com/m -> https://sts.contoso.com/m",
    )


def test_identity_providers_are_known_by_their_id_wherever_they_stand() -> None:
    lines = TENANT.splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    assert between({"tenants/a.yaml": TENANT}, {"tenants/a.yaml": b"".join(lines)}) == ()
    (line,) = changed(TENANT.replace(b"  - {id: entra, protocol: oidc}\n", b""))
    assert line == 'identity_providers[entra]: - {"id": "entra", "protocol": "oidc"}'


def test_a_rule_that_moved_is_shown_because_rules_run_in_order() -> None:
    after = TENANT.replace(b"  - set: {department: incoming.department}\n  - role: viewer\n", b"  - role: viewer\n")
    assert changed(after) == ('claims: - {"set": {"department": "incoming.department"}}',)


def test_added_and_removed_objects_and_metadata_files_are_told_apart() -> None:
    before = {"tenants/contoso.yaml": TENANT, "clients/old.yaml": b"client_id: old\n", "tenants/m.xml": b"<a/>"}
    after = {"tenants/contoso.yaml": TENANT, "clients/new.yaml": b"client_id: new\n", "tenants/m.xml": b"<b/>"}
    assert between(before, after) == (
        Change("client", "new", "added"),
        Change("client", "old", "removed"),
        Change("file", "tenants/m.xml", "changed"),
    )


def test_a_file_that_moved_or_was_reformatted_is_no_change() -> None:
    assert between({"tenants/contoso.yaml": TENANT}, {"tenants/eu/contoso.yaml": b"# ours\n" + TENANT}) == ()


def test_a_truth_and_a_number_that_compare_equal_still_differ() -> None:
    before, after = b"client_id: a\npkce: true\n", b"client_id: a\npkce: 1\n"
    (only,) = between({"clients/a.yaml": before}, {"clients/a.yaml": after})
    assert only.details == ("pkce: true -> 1",)


def test_a_long_value_is_cut() -> None:
    (line,) = changed(TENANT + b"name: " + b"x" * 5000 + b"\n")
    assert len(line) < 200


def test_environment_variables_are_found_however_deep() -> None:
    files = {
        "clients/a.yaml": b"client_id: a\nauth: {method: client_secret_basic, secret: {env: A_SECRET}}\n",
        "tenants/t.yaml": b"id: t\nidentity_providers:\n  - {id: i, client_secret: {env: T_SECRET}}\n",
        "tenants/m.xml": b"{env: NOT_YAML}",
    }
    assert environment_of(files) == {"A_SECRET", "T_SECRET"}
    assert environment_of(files, {"tenants/t.yaml", "gone.yaml"}) == {"T_SECRET"}


_values = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b", "c d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
_folders = st.dictionaries(
    st.sampled_from(["one", "two", "three"]), st.dictionaries(st.sampled_from("klm"), _values, max_size=3), max_size=3
)


def _written(folder: dict[str, dict[str, object]]) -> dict[str, bytes]:
    return {f"tenants/{name}.yaml": json.dumps({"id": name, **body}).encode() for name, body in folder.items()}


@given(_folders, _folders)
def test_no_difference_exactly_where_the_objects_are_the_same(
    before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]
) -> None:
    found = {change.id for change in between(_written(before), _written(after))}
    same = {
        name
        for name in before.keys() & after.keys()
        if json.dumps(before[name], sort_keys=True) == json.dumps(after[name], sort_keys=True)
    }
    assert found == (before.keys() | after.keys()) - same
