"""Microsoft Graph, as far as we need it: the groups that Entra left out of a token (overage).

The addresses are ours: hosts from the settings, tenant and person from verified claims that are UUIDs. Nothing that a
token points to is fetched. `transitiveMemberOf` is asked page by page: `getMemberObjects` ends at 2,046 entries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from re import compile as pattern
from urllib.parse import urlencode

from broker.connectors.oidc.client_proof import Proof
from broker.errors import UpstreamUnavailable
from broker.model import Groups
from broker.outbound import Outbound

PAGE = 999  # Graph's largest
MOST_PAGES = 20
SECONDS = 10.0  # for all pages of one person
_EARLY = 60  # seconds before its end that a token of ours is renewed
_UUID = pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LARGEST_PAGE = 4 * 1_048_576  # bytes


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: float


class Graph:
    """Thread-safe. prove: how we prove ourselves at a token endpoint, given its address."""

    def __init__(
        self, outbound: Outbound, settings: Groups, prove: Callable[[str], Proof], clock: Callable[[], float]
    ) -> None:
        self._outbound = outbound
        self._settings = settings
        self._prove = prove
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def groups_of(self, tid: str, oid: str) -> tuple[str, ...]:
        """The object ids of every group of a person, direct or nested.

        Raises UpstreamUnavailable: graph_person, graph_token, graph_answer, graph_too_many, graph_slow, `outbound`'s.
        """
        if not (_UUID.fullmatch(tid) and _UUID.fullmatch(oid)):
            raise UpstreamUnavailable("graph_person", detail="tid or oid is not a UUID")
        root = f"{self._settings.graph}/v1.0/"
        query = urlencode({"$select": "id", "$top": PAGE})
        url: str | None = f"{root}users/{oid}/transitiveMemberOf/microsoft.graph.group?{query}"
        headers = {"Authorization": f"Bearer {self._token(tid)}"}
        until, pages = self._clock() + SECONDS, 0
        found: list[str] = []
        while url is not None:
            pages += 1
            if pages > MOST_PAGES:
                raise UpstreamUnavailable("graph_too_many", detail=f"more than {MOST_PAGES} pages of groups")
            if self._clock() > until:
                raise UpstreamUnavailable("graph_slow", detail=f"no end of the groups after {SECONDS:.0f} s")
            answer = self._outbound.get(url, accept="application/json", headers=headers, limit=_LARGEST_PAGE).json()
            ids, url = _page(answer, root)
            found += ids
        return tuple(dict.fromkeys(found))

    def _token(self, tid: str) -> str:
        """Client credentials (RFC 6749 §4.4) in the person's own Entra tenant."""
        with self._lock:
            held = self._tokens.get(tid)
        if held is not None and self._clock() < held.until:
            return held.text
        endpoint = f"{self._settings.login}/{tid}/oauth2/v2.0/token"
        proof = self._prove(endpoint)
        form = {"grant_type": "client_credentials", "scope": f"{self._settings.graph}/.default"}
        answer = self._outbound.post_form(endpoint, {**form, **proof.form}, headers=proof.headers)
        members = answer.json()
        token = members.get("access_token") if isinstance(members, dict) else None
        if answer.status != 200 or not (isinstance(token, str) and token.isascii() and token.isprintable()):
            raise UpstreamUnavailable("graph_token", detail=f"status {answer.status} and no access token")
        made = _Token(token, self._clock() + _lifetime(members) - _EARLY)
        with self._lock:
            self._tokens[tid] = made
        return made.text


def _page(answer: object, root: str) -> tuple[list[str], str | None]:
    """A page's ids, and the next page's address, which must be Graph's own: our token goes there."""
    listed = answer.get("value") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(listed, list):
        raise UpstreamUnavailable("graph_answer", detail="not a page of groups")
    ids = [one.get("id") for one in listed if isinstance(one, dict)]
    if len(ids) != len(listed) or not all(isinstance(one, str) and _UUID.fullmatch(one) for one in ids):
        raise UpstreamUnavailable("graph_answer", detail="a group without an object id")
    following = answer.get("@odata.nextLink")
    if following is not None and not (isinstance(following, str) and following.startswith(root)):
        raise UpstreamUnavailable("graph_answer", detail="the next page is elsewhere")
    return [str(one) for one in ids], following


def _lifetime(members: object) -> float:
    seconds = members.get("expires_in") if isinstance(members, Mapping) else None
    return float(seconds) if type(seconds) is int and seconds > 0 else 0.0
