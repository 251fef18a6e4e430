"""Authorization -> TokenSet. Nothing here decides who somebody is; `check` is the last look before a signature."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from broker import jose
from broker.errors import ServerError
from broker.model import Actor, Authorization, ClaimValue, Client, Lifetimes, Signing, Tenant, TokenSet
from broker.model.reserved import RESERVED
from broker.model.sign_in_policy import at_most
from broker.oauth2 import scopes
from broker.seal import Seal
from broker.tokens.pairwise import Pairwise

ACCESS_TOKEN = "at+jwt"  # RFC 9068 §2.1
ID_TOKEN = "JWT"

Claims = dict[str, object]


class Signers(Protocol):
    def signing(self, alg: str) -> jose.SigningKey: ...


class Issuer:
    """`issuer` is our origin: the `iss` of every token, whatever tenant it speaks for."""

    def __init__(
        self,
        issuer: str,
        keys: Signers,
        seal: Seal,
        *,
        pairwise: Pairwise,
        signing: Signing,
        lifetimes: Lifetimes,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._seal = seal
        self._pairwise = pairwise
        self._signing = signing
        self._lifetimes = lifetimes
        self._clock = clock

    def mint(self, authorization: Authorization, client: Client, tenant: Tenant | None) -> TokenSet:
        """Sign an access token, and an ID token where `openid` was granted. Raises ServerError as `check` does."""
        check(authorization, client, tenant)
        authorization = self._pairwise.seen_by(client, authorization)
        require_own_subject(authorization)
        now = int(self._clock())
        ends = now + at_most(self._lifetimes.access_token, authorization.lifetimes.access_token)
        expires_at = min(ends, authorization.expires_at or ends)
        access_token = self._access_token(authorization, client, now, expires_at)
        openid = "openid" in authorization.scope
        return TokenSet(
            access_token=access_token,
            expires_in=expires_at - now,
            scope=authorization.scope,
            token_type="DPoP" if "jkt" in authorization.terms.cnf else "Bearer",
            id_token=self._id_token(authorization, client, access_token, now) if openid else None,
            refresh_token=authorization.refresh_token,
        )

    def _access_token(self, authorization: Authorization, client: Client, now: int, expires_at: int) -> str:
        """RFC 9068 §2.2. `jti` begins with the grant's id, so that a revoked grant is found without a table."""
        claims: Claims = {
            "iss": self._issuer,
            "sub": authorization.sub,
            "aud": authorization.audience[0] if len(authorization.audience) == 1 else list(authorization.audience),
            "exp": expires_at,
            "iat": now,
            "jti": f"{authorization.grant_id}.{self._mark(authorization, client)}",
            "client_id": client.client_id,
        }
        if authorization.scope:
            claims["scope"] = " ".join(authorization.scope)
        if authorization.terms.cnf:
            claims["cnf"] = dict(authorization.terms.cnf)
        if authorization.actors:
            claims["act"] = _act(authorization.actors)
        claims |= _context(authorization, client)
        if authorization.api_roles is not None and "roles" in claims:
            claims["roles"] = list(authorization.api_roles)
        if authorization.upstream_checked_at is not None:
            claims["upstream_checked_at"] = authorization.upstream_checked_at
        claims |= {name: authorization.claims[name] for name in client.claims if name in authorization.claims}
        alg = authorization.access_token_alg or client.access_token_alg or self._signing.default
        key = self._keys.signing(alg)
        return jose.sign(claims, key, ACCESS_TOKEN)

    def _mark(self, authorization: Authorization, client: Client) -> str:
        """What makes `jti` unique. A token that may not name its tenant carries it sealed, for us alone to read."""
        if client.tenant_claims:
            return secrets.token_urlsafe(9)
        return self._seal.seal((authorization.tenant or "").encode(), sealed_tenant(authorization.grant_id))

    def _id_token(self, authorization: Authorization, client: Client, access_token: str, now: int) -> str:
        """OIDC Core §2. `id_token_claims: minimal` leaves the person's claims to userinfo."""
        key = self._keys.signing(client.id_token_alg or self._signing.default)
        claims: Claims = {
            "iss": self._issuer,
            "sub": authorization.sub,
            "aud": client.client_id,
            "exp": now + at_most(self._lifetimes.id_token, authorization.lifetimes.id_token),
            "iat": now,
            "at_hash": jose.left_half_hash(key.alg, access_token),
        }
        if authorization.nonce is not None:
            claims["nonce"] = authorization.nonce
        if not client.tenant_claims:  # as a hint at logout it must still find its session
            claims["jti"] = f"{authorization.grant_id}.{self._mark(authorization, client)}"
        claims |= _context(authorization, client)
        named = authorization.terms.id_token_claims
        full = client.id_token_claims == "full"
        claims |= person_claims(authorization, client, named) if full else _said(authorization, client, named)
        return jose.sign(claims, key, ID_TOKEN)


def sealed_tenant(grant_id: str) -> str:
    """The seal's context of the tenant inside a `jti`."""
    return f"jti/{grant_id}"


# The last check, outside the rules: what may never be signed, whatever a rule or a grant says.


def check(authorization: Authorization, client: Client, tenant: Tenant | None) -> None:
    """`tenant`: the one that the token will speak for.

    Raises ServerError: client_mismatch, tenant_mismatch, guest_mismatch, workload_mismatch, role_unknown, role_foreign,
    reserved_claim, sub_is_client.

    That one fires is a fault of ours, or an attack; never a person's mistake.
    """
    _require_same_client(authorization, client)
    if authorization.workload:
        _require_nobody(authorization)
        _require_services_tenant(authorization, client, tenant)
    else:
        _require_authenticated_tenant(authorization, client, tenant)
        _require_invited_guest(authorization, tenant)
        require_own_subject(authorization)
    _require_known_roles(authorization, tenant)
    _require_meaningful_roles(authorization, client)
    _require_no_reserved_claim(authorization)


def _require_same_client(authorization: Authorization, client: Client) -> None:
    if authorization.client_id != client.client_id:
        raise _refused("client_mismatch")


def _require_authenticated_tenant(authorization: Authorization, client: Client, tenant: Tenant | None) -> None:
    """The token speaks for the tenant whose identity provider proved the person, or which invited them as a guest."""
    if tenant is None or authorization.tenant != tenant.id or not client.may_use(tenant.id):
        raise _refused("tenant_mismatch")
    if authorization.authenticated_tenant != authorization.home_tenant:
        raise _refused("tenant_mismatch")
    if authorization.home_tenant == tenant.id and authorization.idp not in tenant.identity_providers:
        raise _refused("tenant_mismatch")


def _require_invited_guest(authorization: Authorization, tenant: Tenant | None) -> None:
    """Whoever signed in elsewhere is somebody by an entry of this tenant, and nothing beyond what it says."""
    entry = authorization.guest
    if tenant is None or authorization.home_tenant == tenant.id:
        return
    if entry is None or entry not in tenant.guests or entry.home_tenant != authorization.home_tenant:
        raise _refused("guest_mismatch")
    if not set(authorization.roles) <= set(entry.roles) or not authorization.claims.keys() <= {"name", "email"}:
        raise _refused("guest_mismatch")


def _require_nobody(authorization: Authorization) -> None:
    """Contract section 3: a workload's token says of no person how, where and when they signed in."""
    person = (authorization.home_tenant, authorization.idp, authorization.sid, authorization.authenticated_tenant)
    proof = (authorization.acr, authorization.auth_time, authorization.nonce, authorization.refresh_token)
    if any(one is not None for one in (*person, *proof)) or authorization.amr or "openid" in authorization.scope:
        raise _refused("workload_mismatch")


def _require_services_tenant(authorization: Authorization, client: Client, tenant: Tenant | None) -> None:
    """Only a client without tenant claims may speak for no tenant at all."""
    if tenant is None and (authorization.tenant is not None or client.tenant_claims):
        raise _refused("tenant_mismatch")
    if tenant is not None and not (authorization.tenant == tenant.id and client.may_use(tenant.id)):
        raise _refused("tenant_mismatch")


def _require_known_roles(authorization: Authorization, tenant: Tenant | None) -> None:
    if not set(authorization.roles) <= set(tenant.roles if tenant else ()):
        raise _refused("role_unknown")


def _require_meaningful_roles(authorization: Authorization, client: Client) -> None:
    foreign = client.roles is not None and not set(authorization.roles) <= set(client.roles)
    if foreign or not set(authorization.api_roles or ()) <= set(authorization.roles):
        raise _refused("role_foreign")


def _require_no_reserved_claim(authorization: Authorization) -> None:
    if not RESERVED.isdisjoint(authorization.claims):
        raise _refused("reserved_claim")


def require_own_subject(authorization: Authorization) -> None:
    """RFC 9700 §4.15: a person can never be taken for a client, by whichever name they are known there."""
    if authorization.sub == authorization.client_id and not authorization.workload:
        raise _refused("sub_is_client")


def _refused(reason: str) -> ServerError:
    return ServerError(reason, "Nothing was issued. Tell the operator of this service.")


# What a token and userinfo say; they agree because both ask here.


def person_claims(authorization: Authorization, client: Client, named: Iterable[str]) -> Claims:
    """The outgoing claims that scope and client let through. named: asked for one by one, here (OIDC Core §5.5)."""
    return _said(authorization, client, scopes.claims_of(authorization.scope, client).union(named))


def _said(authorization: Authorization, client: Client, names: Iterable[str]) -> Claims:
    """Of `names`, what the client may see today; `email_verified` beside an address only."""
    wanted = scopes.requestable(client).intersection(names)
    claims: Claims = {name: _shape(name, value) for name, value in authorization.claims.items() if name in wanted}
    verifies = "email" in authorization.claims and not wanted.isdisjoint({"email", "email_verified"})
    if verifies and authorization.email_verified is not None:
        claims["email_verified"] = authorization.email_verified
    return claims


def tenant_claims(authorization: Authorization, client: Client) -> Claims:
    if not client.tenant_claims:
        return {}
    return {"tenant": authorization.tenant, "roles": list(authorization.roles)}


def _context(authorization: Authorization, client: Client) -> Claims:
    """How, where and for whom the person signed in. What nobody proved is left out."""
    known: Mapping[str, object] = {
        "idp": authorization.idp,
        "home_tenant": authorization.home_tenant if authorization.home_tenant != authorization.tenant else None,
        "acr": authorization.acr,
        "amr": list(authorization.amr) or None,
        "auth_time": authorization.auth_time,
        "sid": authorization.sid,
        "idp_chain": list(authorization.idp_chain) or None,
        "groups_complete": None if authorization.groups_complete else False,
        "cfg": authorization.revision,
    }
    return tenant_claims(authorization, client) | {name: value for name, value in known.items() if value is not None}


def _act(actors: tuple[Actor, ...]) -> Claims:
    """RFC 8693 §4.1: who acts now is outermost."""
    now, before = actors[0], actors[1:]
    member: Claims = {"sub": now.sub, "client_id": now.client_id}
    return {**member, "act": _act(before)} if before else member


def _shape(name: str, value: ClaimValue) -> object:
    """OIDC Core §5.1.1: an address is an object; a rule can only write its text."""
    return {"formatted": value} if name == "address" else value
