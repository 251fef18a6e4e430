"""Values that the store's tests keep."""

from __future__ import annotations

from dataclasses import replace

from broker.model import Session
from broker.store import Grant, StoredKey

KEY = bytes(range(32))
NOW = 1_800_000_000
LATER = NOW + 600
BROWSER = "cookie-of-one-browser"


def session(tenant: str = "contoso", sid: str = "sid-1", **changes: object) -> Session:
    made = Session(
        sid=sid,
        tenant=tenant,
        home_tenant=tenant,
        idp="adfs",
        upstream="https://idp.example",
        sub="person-1",
        auth_time=NOW - 5,
        created_at=NOW,
        last_seen=NOW,
        expires_at=LATER,
        identity='{"subject":"anna.planted@contoso.example"}',
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # members by name


def grant(tenant: str = "contoso", grant_id: str = "grant-1", **changes: object) -> Grant:
    made = Grant(
        id=grant_id,
        tenant=tenant,
        client_id="expenses",
        sid="sid-1",
        sub="person-1",
        scope=("openid", "email"),
        offline=False,
        session=session(tenant),
        created_at=NOW,
        expires_at=LATER,
        nonce="n-\x00once",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # members by name


def key(kid: str = "kid-1", **changes: object) -> StoredKey:
    made = StoredKey(
        kid=kid,
        purpose="signing",
        alg="ES256",
        state="next",
        private=b"planted-private-key",
        public='{"kty":"EC"}',
        created_at=NOW,
        published_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # members by name
