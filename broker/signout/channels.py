"""Two ways to tell a client: OpenID Connect Back-Channel Logout 1.0 and Front-Channel Logout 1.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from broker.errors import UpstreamUnavailable
from broker.model import Client
from broker.outbound import Response
from broker.tokens.logout_token import LogoutTokens
from broker.tokens.pairwise import SID, Pairwise

LARGEST_ANSWER = 65_536  # bytes; nothing of it is looked at
ASKS_AGAIN = frozenset({408, 425, 429})  # a 4xx that means later, not no


@dataclass(frozen=True, slots=True)
class Notice:
    """What one client must learn: this session, of this tenant, is over. `reference` joins the audit events.

    sub, sid: our own names; the client may know others.
    """

    client: Client
    tenant: str
    idp: str
    sub: str
    sid: str
    reference: str


class _Poster(Protocol):
    def post_form(self, url: str, form: dict[str, str], *, limit: int) -> Response: ...


class BackChannel:
    """Raises UpstreamUnavailable from `send`: those of `Outbound`, `refused` (the client said no), `busy`."""

    def __init__(self, outbound: _Poster, tokens: LogoutTokens) -> None:
        self._outbound = outbound
        self._tokens = tokens

    def send(self, notice: Notice) -> None:
        """One attempt, with a token of its own: a second one must not look like a replay (§2.6)."""
        url = notice.client.backchannel_logout_uri
        if url is None:
            return
        token = self._tokens.mint(notice.client, sub=notice.sub, sid=notice.sid)
        answer = self._outbound.post_form(url, {"logout_token": token}, limit=LARGEST_ANSWER)
        if answer.status >= 400:
            raise UpstreamUnavailable(
                "busy" if answer.status in ASKS_AGAIN else "refused", detail=f"status {answer.status}"
            )


def frame(issuer: str, pairwise: Pairwise, notice: Notice) -> str | None:
    """The address that a hidden frame loads (Front-Channel Logout §2, with `iss` and `sid`); None: no front channel."""
    url = notice.client.frontchannel_logout_uri
    if url is None:
        return None
    sid = pairwise.outward(notice.client, SID, notice.sid)
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'iss': issuer, 'sid': sid})}"
