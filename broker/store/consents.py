"""What a tenant's people let clients do, until they take it back."""

from __future__ import annotations

from broker.model import Consent, serial
from broker.store import consent_statements
from broker.store.records import GivenConsent
from broker.store.upstream import UpstreamStore


class ConsentStore(UpstreamStore):
    """The part of `TenantStore` that only speaks of consent."""

    def consent(self, sub: str, client_id: str) -> Consent | None:
        """None: the person was never asked, did not allow anything, or took it back."""
        with self._connections.one() as link:
            allowed: str | None = link.value(consent_statements.CONSENT, self._to(sub, client_id))
        return None if allowed is None else serial.loads(Consent, allowed)

    def consents_of(self, sub: str) -> tuple[GivenConsent, ...]:
        wanted = {"this_tenant": self._tenant, "this_sub": sub}
        with self._connections.one() as link:
            rows = link.rows(consent_statements.CONSENTS_OF, wanted)
        return tuple(GivenConsent(row.client_id, serial.loads(Consent, row.allowed), row.given_at) for row in rows)

    def keep_consent(self, sub: str, client_id: str, consent: Consent, at: int) -> None:
        """In place of what was kept before."""
        row = {"tenant": self._tenant, "sub": sub, "client_id": client_id}
        with self._connections.one() as link:
            link.run(consent_statements.KEEP_CONSENT, {**row, "allowed": serial.dumps(consent), "given_at": at})

    def withdraw_consent(self, sub: str, client_id: str) -> bool:
        """False: there was none."""
        with self._connections.one() as link:
            return link.row(consent_statements.WITHDRAW_CONSENT, self._to(sub, client_id)) is not None

    def _to(self, sub: str, client_id: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_sub": sub, "this_client": client_id}
