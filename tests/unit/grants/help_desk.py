"""A house with a help desk: operators, somebody whom they may act for, and what changes between the two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from broker.model import AuditEvent, Client, Configuration, Entitlement, Impersonation, Session

from .house import ALL_SCOPES, CALLBACK, CLAIMS, NOW, VERIFIER, WEB, House, Someone
from .services import ACCESS_TOKEN, APIS, EXCHANGE, world

GRANTS = ("authorization_code", "refresh_token", EXCHANGE)
DESK = replace(
    WEB, client_id="desk", impersonation=True, grant_types=GRANTS, audience="https://desk.example", apis=APIS
)
OTHER_DESK = replace(DESK, client_id="other-desk", audience="https://other-desk.example")
NO_DESK = replace(DESK, client_id="no-desk", impersonation=False, audience="https://no-desk.example")
ALONE = Impersonation("helpdesk", ("admin",))
TOGETHER = replace(ALONE, second_person=True)
WHY = "Ticket 4711: cannot see the invoice"


def entitlement(*roles: str, **more: Any) -> Entitlement:
    said = tuple(role for role in roles if role != "helpdesk")
    return Entitlement(True, CLAIMS, said, acr="urn:mfa", amr=("otp",), held=roles, **more)


@dataclass
class Crowd(Someone):
    """Everybody by their `sub`."""

    entitlement: Entitlement = field(default_factory=entitlement)
    of: dict[str, Entitlement] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def entitle(self, _configuration: Configuration, session: Session, _client: Client) -> Entitlement:
        return self.of[session.sub]

    def alive(self, _configuration: Configuration, session: Session) -> bool:
        return session.sid not in self.ended


@dataclass
class Desk(House):
    people: Crowd = field(default_factory=Crowd)  # type: ignore[assignment]  # what a test of this file changes

    def allow(self, allowed: Impersonation | None, *more: Client) -> None:
        live = world(DESK, OTHER_DESK, NO_DESK, *more)
        roles = ("admin", "viewer", "helpdesk")
        tenants = {name: replace(tenant, roles=roles, impersonation=allowed) for name, tenant in live.tenants.items()}
        self.live = replace(live, tenants=tenants)

    def session(self, sub: str, sid: str, tenant: str = "contoso", **changed: Any) -> Session:
        made = Session(
            sid=sid,
            tenant=tenant,
            home_tenant=tenant,
            idp="adfs",
            upstream="https://adfs.example/",
            sub=sub,
            auth_time=NOW - 60,
            created_at=NOW - 60,
            last_seen=NOW - 60,
            expires_at=NOW + 86400,
        )
        made = replace(made, **changed)
        self.store.of(tenant).open_session(made, f"browser of {sid}")
        return made

    def own(self, sub: str, client: Client = DESK, *more: str) -> str:
        """The person's own access token for the client."""
        code = self.sign_in(client, sid=f"sid-{sub}", scope=(*ALL_SCOPES[:-1], *more))
        self.session(sub, f"sid-{sub}")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        answer = self.post("/token", form, client)
        assert answer.status_code == 200, answer.json
        return str((answer.json or {})["access_token"])

    def act(self, token: str, client: Client = DESK, **form: Any) -> TestResponse:
        asked = {
            "grant_type": EXCHANGE,
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "requested_subject": "sub-1",
            "reason": WHY,
            **form,
        }
        return self.post("/token", asked, client)

    def acting(self, token: str, **form: Any) -> str:
        answer = self.act(token, **form)
        assert answer.status_code == 200, answer.json
        return str((answer.json or {})["access_token"])

    def nothing(self, answer: TestResponse, reason: str, error: str = "invalid_request") -> AuditEvent:
        """Refused: no token, no grant, and the tenant reads who tried what."""
        self.refused(answer, 400, error, reason)
        assert [one for one in self.store.of("contoso").grants_of("sub-1") if one.client_id == "desk"] == []
        return self.last_event()

    def inspected(self, token: str, client: Client = DESK) -> dict[str, Any]:
        return dict(self.post("/introspect", {"token": token}, client).json or {})


def open_desk(folder: Path, allowed: Impersonation) -> Desk:
    """Olga and Otto are operators; sub-1 and Ben are not."""
    made = Desk(folder)
    made.allow(allowed)
    helpful, other = entitlement("helpdesk", "viewer"), entitlement("viewer")
    made.people.of = {"olga": helpful, "otto": helpful, "sub-1": other, "ben": other}
    made.session("sub-1", "sid-of-1")
    return made


# what may happen in between


def withdrawn(desk: Desk) -> None:
    desk.allow(None)


def no_operator(desk: Desk) -> None:
    desk.people.of["olga"] = entitlement("viewer")


def never(desk: Desk) -> None:
    desk.people.of["sub-1"] = entitlement("viewer", "admin")


def nobody(desk: Desk) -> None:
    desk.store.of("contoso").end_session("sid-of-1")


def idle(desk: Desk) -> None:
    desk.people.ended = {"sid-of-1"}


def elsewhere(desk: Desk) -> None:
    nobody(desk)
    desk.session("sub-1", "sid-of-1", "fabrikam")


def subject_denied(desk: Desk) -> None:
    desk.people.of["sub-1"] = Entitlement(False, {}, (), reason="mfa_missing")
