"""Tokens that have no row of a grant to end: a mark says that they are over, until they would have expired anyway.

A workload's mark takes with it what was exchanged for its token; that of an exchanged token ends it alone.
"""

from __future__ import annotations

from broker.store.deployment import DeploymentStore
from broker.tokens.access import AccessToken


def revoke(store: DeploymentStore, token: AccessToken) -> bool:
    """False: it was revoked before."""
    own = token.workload and token.sub == token.client_id
    return store.remember_once(_family(token) if own else _alone(token), token.expires_at)


def is_revoked(store: DeploymentStore, token: AccessToken) -> bool:
    return store.remembers(_family(token)) or store.remembers(_alone(token))


def _family(token: AccessToken) -> str:
    return f"revoked {token.grant_id}"


def _alone(token: AccessToken) -> str:
    return f"revoked {token.claims['jti']}"
