"""The last look before a signature, at somebody who signed in with another tenant's provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.errors import ServerError
from broker.model import Authorization, Guest
from broker.tokens.issuer import check
from tests.unit.grants.house import WEB, tenant

ENTRY = Guest("fabrikam", "ada@fabrikam.example", ("viewer",))
HOST = replace(tenant("contoso"), guests=(ENTRY,))
GUEST = Authorization(
    client_id="web",
    grant_id="grant",
    tenant="contoso",
    sub="sub-1",
    scope=("openid",),
    claims={"name": "Ada", "email": "ada@fabrikam.example"},
    roles=("viewer",),
    audience=("https://api.example.com",),
    revision=7,
    home_tenant="fabrikam",
    idp="adfs",
    authenticated_tenant="fabrikam",
    guest=ENTRY,
)


def test_guest_of_an_entry_that_stands_is_signed_for() -> None:
    check(GUEST, WEB, HOST)


@pytest.mark.parametrize("changed", [
    {"guest": None},
    {"guest": replace(ENTRY, roles=("admin", "viewer"))},
    {"guest": replace(ENTRY, home_tenant="northwind")},
    {"home_tenant": "northwind", "authenticated_tenant": "northwind"},
    {"roles": ("admin",)},
    {"claims": {"department": "Secret Projects"}},
], ids=str)  # fmt: skip
def test_whatever_the_entry_does_not_say_is_not_signed(changed: dict[str, Any]) -> None:
    with pytest.raises(ServerError) as refused:
        check(replace(GUEST, **changed), WEB, HOST)
    assert refused.value.reason == "guest_mismatch"


@pytest.mark.parametrize("changed", [
    {"authenticated_tenant": "contoso"},
    {"tenant": "fabrikam"},
    {"home_tenant": "contoso", "authenticated_tenant": "contoso", "idp": "okta"},
], ids=str)  # fmt: skip
def test_token_of_another_tenant_than_was_proven_is_not_signed(changed: dict[str, Any]) -> None:
    """TN-02, TN-17."""
    with pytest.raises(ServerError) as refused:
        check(replace(GUEST, **changed), WEB, HOST)
    assert refused.value.reason == "tenant_mismatch"


def test_removed_entry_is_not_signed_for() -> None:
    with pytest.raises(ServerError) as refused:
        check(GUEST, WEB, replace(HOST, guests=()))
    assert refused.value.reason == "guest_mismatch"
