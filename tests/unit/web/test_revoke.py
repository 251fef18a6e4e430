"""POST /revoke (RFC 7009)."""

from __future__ import annotations

import pytest

from broker.model import Client
from tests.unit.grants.house import PLAIN, SPA, WEB, House


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("client", [WEB, SPA, PLAIN], ids=["confidential", "public", "without tenant claims"])
def test_either_token_ends_the_grant(house: House, kind: str, client: Client) -> None:
    tokens = house.tokens_of(client)
    response = house.post("/revoke", {"token": tokens[kind]}, client)
    assert (response.status_code, response.data) == (200, b"")
    event = house.last_event()
    assert (event.event, event.tenant, event.client_id) == ("token.revoked", "contoso", client.client_id)
    house.refused(house.userinfo(tokens["access_token"]), 401, "invalid_token", "grant_revoked")
    house.refused(house.refresh(tokens["refresh_token"], client), 400, "invalid_grant", "grant_revoked")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_clients_token_stays_good(house: House, kind: str) -> None:
    """TK-45"""
    tokens = house.tokens_of()
    assert house.post("/revoke", {"token": tokens[kind]}, SPA).status_code == 200
    assert house.userinfo(tokens["access_token"]).status_code == 200
    assert house.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "e30.e30.e30", "x" * 100_000, "💥"])
def test_an_unknown_token_is_no_error(house: House, token: str) -> None:
    """TK-46"""
    response = house.post("/revoke", {"token": token, "token_type_hint": "nonsense"})
    assert response.status_code == 200


def test_revoking_twice_is_once(house: House) -> None:
    """TK-46"""
    tokens = house.tokens_of()
    answers = [house.post("/revoke", {"token": tokens["refresh_token"]}).status_code for _ in range(2)]
    assert answers == [200, 200]
    assert [stored.event.event for stored in house.store.deployment.events()].count("token.revoked") == 1


def test_a_token_is_needed(house: House) -> None:
    house.refused(house.post("/revoke", {}), 400, "invalid_request", "token_missing")


def test_the_client_must_be_proven(house: House) -> None:
    response = house.http.post("/revoke", data={"token": "x", "client_id": "web", "client_secret": "wrong"})
    house.refused(response, 401, "invalid_client", "client_secret")
    assert house.last_event().event == "revocation.rejected"
