"""The first column of checks of /authorize: client and redirect URI, before anything may return by redirect.

What fails here is a page (RFC 6749 §4.1.2.1). One function a check, one reason a check.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import Exit, ShownError
from broker.model import Client, Configuration
from broker.oauth2 import redirect_uris
from broker.oauth2.parameters import Parameters, one
from broker.oauth2.redirect_uris import Match

RESPONSE_MODES = ("query", "form_post")
LONGEST_STATE = 4096  # characters
_DECIDING = ("client_id", "redirect_uri", "state", "request", "request_uri")


@dataclass(frozen=True, slots=True)
class ProvenClient:
    """Where an answer may go, and how. `label`: what stood for `{tenant}` in the redirect URI."""

    client: Client
    redirect_uri: str
    state: str | None
    label: str | None
    response_mode: str = "query"

    @property
    def exit(self) -> Exit:
        return Exit(self.redirect_uri, self.state, self.response_mode)


def named_client(unverified: Parameters, configuration: Configuration) -> Client:
    """Whose request it is. Raises ShownError: repeated, client_id."""
    _require_single(unverified)
    client = configuration.clients.get(one(unverified, "client_id") or "")
    if client is None:
        raise ShownError("client_id", "This application is not registered here. Tell its developers.")
    return client


def prove_client(unverified: Parameters, configuration: Configuration) -> ProvenClient:
    """The column. Raises ShownError: repeated, client_id, redirect_uri, tenant_label, state_size."""
    client = named_client(unverified, configuration)
    try:
        redirect_uri, match = _redirect_uri(unverified, client)
        _require_usable_label(match, client, configuration)
        state = _state(unverified)
    except ShownError as refused:
        raise refused.about(client_id=client.client_id) from None
    return ProvenClient(client, redirect_uri, state, match.label, _response_mode(unverified, client, redirect_uri))


def may_answer_by(response_mode: str, client: Client, redirect_uri: str) -> bool:
    """Form posts need an address that takes a POST: an app's private-use scheme does not (Form Post Response Mode)."""
    if response_mode not in RESPONSE_MODES or response_mode not in client.response_modes:
        return False
    return response_mode != "form_post" or redirect_uri.startswith(("https://", "http://"))


def _require_single(unverified: Parameters) -> None:
    """RFC 6749 §3.1: of two client ids, redirect URIs or states none is the right one."""
    for name in _DECIDING:
        if len(unverified.get(name, ())) > 1:
            raise ShownError("repeated", f"The application sent {name} more than once. Tell its developers.")


def _redirect_uri(unverified: Parameters, client: Client) -> tuple[str, Match]:
    """RFC 9700 §2.1: exact comparison; it must be sent even where only one is registered."""
    redirect_uri = one(unverified, "redirect_uri")
    if redirect_uri is None:
        raise ShownError("redirect_uri", "The application sent no redirect_uri. Tell its developers.")
    match = redirect_uris.match(client.redirect_uris, redirect_uri, any_loopback_port=client.public)
    if match is None:
        raise ShownError("redirect_uri", "The application asked for an address that is not registered for it.")
    return redirect_uri, match


def _require_usable_label(match: Match, client: Client, configuration: Configuration) -> None:
    """A host label of no tenant proves no redirect URI: nothing may be sent there, not even an error."""
    if match.label is None:
        return
    tenant = configuration.tenants.get(configuration.labels.get(match.label, ""))
    if tenant is None or not tenant.active or not client.may_use(tenant.id):
        raise ShownError("tenant_label", "The application asked for an address that is not registered for it.")


def _state(unverified: Parameters) -> str | None:
    """Returned unchanged; longer than any browser's redirect can carry is refused before anything else is done."""
    state = one(unverified, "state")
    if state is not None and len(state) > LONGEST_STATE:
        raise ShownError("state_size", "The application sent too long a state. Tell its developers.")
    return state


def _response_mode(unverified: Parameters, client: Client, redirect_uri: str) -> str:
    """How errors return from here on: as asked where that may be, else by the query (RFC 6749 §4.1.2.1)."""
    asked = one(unverified, "response_mode")
    return asked if asked is not None and may_answer_by(asked, client, redirect_uri) else "query"
