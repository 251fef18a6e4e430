"""What the token endpoint relies on, of every grant alike (broker/grants/request.py), on a real store."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from werkzeug.test import TestResponse

from broker.grants import GRANTS
from broker.model import Client, Entitlement
from tests.conformance.grants import HARNESSES, SELF, Form, Harness
from tests.unit.grants.house import SPA, WEB, House, claims


@dataclass
class Grant:
    """One grant at one house."""

    name: str
    harness: Harness
    house: House

    def held(self, client: Client = WEB) -> Form:
        return self.harness.held(self.house, client)

    def ask(self, form: Form, client: Client = WEB) -> TestResponse:
        return self.house.post("/token", {"grant_type": self.name, **form}, client)

    def refused(self, response: TestResponse, reason: str) -> None:
        self.house.refused(response, 400, "invalid_grant", reason)


@pytest.fixture(params=sorted(set(GRANTS) - SELF))
def grant(request: pytest.FixtureRequest, house: House) -> Grant:
    name = str(request.param)
    assert name in HARNESSES, f"the grant {name} has no harness in tests/conformance/grants.py"
    return Grant(name, HARNESSES[name], house)


def test_every_grant_has_a_harness_and_every_harness_a_grant() -> None:
    assert set(HARNESSES) == set(GRANTS) - SELF


@pytest.mark.parametrize("client", [WEB, SPA], ids=["confidential", "public"])
def test_what_is_held_is_granted_to_its_client_for_its_tenant(grant: Grant, client: Client) -> None:
    response = grant.ask(grant.held(client), client)
    assert response.status_code == 200, response.json
    assert response.headers["Cache-Control"] == "no-store"
    access = claims((response.json or {})["access_token"])
    assert (access["client_id"], access["tenant"], access["roles"]) == (client.client_id, "contoso", ["viewer"])
    event = grant.house.last_event()
    assert (event.outcome, event.tenant, event.client_id) == ("success", "contoso", client.client_id)


def test_missing_credential_is_an_invalid_request(grant: Grant) -> None:
    form = grant.held()
    del form[grant.harness.credential]
    grant.house.refused(grant.ask(form), 400, "invalid_request", grant.harness.missing)


@pytest.mark.parametrize("text", ["x", "A" * 43, "\x00", "☃"])
def test_unknown_credential_is_refused(grant: Grant, text: str) -> None:
    grant.refused(grant.ask({**grant.held(), grant.harness.credential: text}), grant.harness.unknown)


def test_another_clients_credential_is_refused(grant: Grant) -> None:
    grant.refused(grant.ask(grant.held(WEB), SPA), grant.harness.foreign)


def test_client_without_the_grant_type_is_refused(grant: Grant) -> None:
    form = grant.held()
    others = tuple(name for name in GRANTS if name != grant.name)
    clients = {**grant.house.live.clients, WEB.client_id: replace(WEB, grant_types=others)}
    grant.house.live = replace(grant.house.live, clients=clients)
    response = grant.ask(form)
    assert (response.status_code, (response.json or {})["error"]) == (400, "unauthorized_client")


def test_second_use_is_refused_and_takes_back_what_the_first_gave(grant: Grant) -> None:
    """RFC 6749 §4.1.2, RFC 9700 §4.14.2."""
    form = grant.held(SPA)
    given = grant.ask(form, SPA).json or {}
    grant.refused(grant.ask(form, SPA), grant.harness.reused)
    assert grant.house.userinfo(given["access_token"]).status_code == 401
    grant.refused(grant.house.refresh(given["refresh_token"], SPA), "grant_revoked")


@pytest.mark.parametrize("reason", ["tenant_suspended", "client_tenant", "idp_disabled", "upstream_changed", "denied"])
def test_what_the_current_revision_refuses_is_not_granted(grant: Grant, reason: str) -> None:
    form = grant.held()
    grant.house.people.entitlement = Entitlement(False, {}, (), reason=reason)
    grant.refused(grant.ask(form), reason)


def test_removed_tenant_grants_nothing(grant: Grant) -> None:
    form = grant.held()
    tenants = {name: tenant for name, tenant in grant.house.live.tenants.items() if name != "contoso"}
    grant.house.live = replace(grant.house.live, tenants=tenants)
    grant.refused(grant.ask(form), "tenant_unknown")


def test_session_past_its_limits_grants_nothing(grant: Grant) -> None:
    form = grant.held()
    grant.house.people.living = False
    grant.refused(grant.ask(form), "session_ended")


def test_ended_session_grants_nothing(grant: Grant) -> None:
    form = grant.held()
    grant.house.store.of("contoso").end_session("sid-1")
    grant.refused(grant.ask(form), "session_ended")


def test_lost_claims_and_roles_are_gone_from_the_tokens(grant: Grant) -> None:
    """Contract section 3: the current rules decide."""
    form = grant.held()
    grant.house.people.entitlement = Entitlement(True, {"name": "Ada"}, ())
    token = (grant.ask(form).json or {})["access_token"]
    assert claims(token)["roles"] == []
    assert "department" not in claims(token)


def test_person_cannot_be_moved_to_another_tenant(grant: Grant) -> None:
    """Nothing that a client sends names the tenant."""
    response = grant.ask({**grant.held(), "tenant": "fabrikam", "acr_values": "tenant:fabrikam"})
    assert claims((response.json or {})["access_token"])["tenant"] == "contoso"
