"""The home realm page's own words: its links and fields carry the client's parameters back to /authorize."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response

from broker.model import AuthRequest, Client, Configuration, HomeRealm, Tenant
from broker.oauth2.parameters import Parameters, one
from broker.web.pages import Pages

FORGET = "forget"
CHOSEN = "home_realm"  # what the person picked: <tenant>/<idp>
SWITCH_TO, CONFIRM = "switch_to", "confirm"  # what /switch is answered with
UNKNOWN_ADDRESS = "We do not know where people with this address sign in. Check it, or ask your administrator."


def show(
    pages: Pages,
    configuration: Configuration,
    client: Client,
    request: AuthRequest,
    realm: HomeRealm,
    carried: Parameters,
    *,
    remembers: bool,
    may_switch: bool,
) -> Response:
    """The chooser and the e-mail form. carried: what brings the request back here from them.

    remembers: this browser has home realms that it may forget. may_switch: somebody is signed in.
    """
    query = kept(carried)
    typed = request.login_hint
    active = configuration.tenants.get(realm.active_tenant or "")
    return pages.login(
        query,
        tenant_name=active.name if active else None,
        choices=[
            (_label(configuration, choice, active), link("/authorize", {**query, CHOSEN: "/".join(choice)}))
            for choice in realm.choices
        ],
        email=typed,
        problem=UNKNOWN_ADDRESS if typed is not None and realm.signal == "chooser" else None,
        client_name=client.name,
        cancel_href=cancel_href(carried),
        redirect_uri=request.redirect_uri,
        forget_href=f"/login?{urlencode({**query, FORGET: '1'})}" if remembers else None,
        switch_href=link("/switch", switch_fields(carried)) if may_switch else None,
    )


def chosen(unverified: Parameters) -> tuple[str, str] | None:
    tenant, _, idp = (one(unverified, CHOSEN) or "").partition("/")
    return (tenant, idp) if tenant and idp else None


def answered(unverified: Parameters) -> Parameters:
    """A request whose page was shown. Whoever saw it has chosen: the IdP asks them afresh."""
    prompt = tuple(value.replace("select_account", "login") for value in unverified.get("prompt", ()))
    return {**unverified, "prompt": prompt} if prompt else unverified


def kept(carried: Parameters) -> dict[str, str]:
    """What the page hands back to /authorize."""
    query = answered(carried)
    return {name: values[0] for name, values in query.items() if values and name not in {CHOSEN, FORGET}}


def cancel_href(carried: Parameters) -> str:
    return f"/login/cancel?{urlencode(kept(carried))}"


def switch_fields(carried: Parameters) -> dict[str, str]:
    """What /switch hands on: there the person chooses an account, so nobody needs to ask for that again."""
    fields = {name: values[0] for name, values in carried.items() if values}
    prompt = " ".join(word for word in fields.pop("prompt", "").split() if word != "select_account")
    answers = {CHOSEN, FORGET, SWITCH_TO, CONFIRM}
    return {name: value for name, value in fields.items() if name not in answers} | (
        {"prompt": prompt} if prompt else {}
    )


def link(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}"


def _label(configuration: Configuration, realm: tuple[str, str], active: Tenant | None) -> str:
    """An IdP's name; with its tenant's where that is not the one on the page."""
    tenant = configuration.tenants[realm[0]]
    name = tenant.identity_providers[realm[1]].name
    return name if tenant is active else f"{name} ({tenant.name})"
