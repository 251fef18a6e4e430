"""How an application proves itself, as operators configure it (RFC 6749 §2.3, OpenID Connect Core §9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.model.provider import Secret


class ClaimTypes(dict[str, str]):
    """Name -> text | list | bool | number, for conditions: every name is text unless the operator says otherwise."""

    def __contains__(self, _name: object) -> bool:
        return True

    def __missing__(self, _name: str) -> str:
        return "text"


@dataclass(frozen=True, slots=True)
class Workload:
    """Whose token proves the application: one issuer's, for one audience, of one subject or under one condition.

    name: how audit events call it. shared: user-assigned, in a file of its own; else bound to its one client.
    jwks: the issuer's keys as JSON, where it cannot be reached or its name is not unique (Kubernetes). when: CEL.
    tenant: the only tenant that the application may speak for with it. reuse: a token with `jti` may come again.
    """

    name: str
    issuer: str
    shared: bool = False
    audience: str | None = None  # None: our issuer
    subject: str | None = None
    when: str | None = None
    types: ClaimTypes = field(default_factory=ClaimTypes)
    jwks: str | None = None
    jwks_uri: str | None = None
    tenant: str | None = None
    reuse: bool = False


@dataclass(frozen=True, slots=True)
class CertificateName:
    """RFC 8705 §2.1.2: the one name that a certificate is known by. kind: subject_dn | san_dns | san_uri | …"""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class ApplicationAuth:
    """`method` and what belongs to it; the rest is empty. jwks: a JWK Set as JSON."""

    method: str
    secret: Secret | None = None
    jwks: str | None = None
    jwks_uri: str | None = None
    certificate: CertificateName | None = None
    workloads: tuple[Workload, ...] = ()
