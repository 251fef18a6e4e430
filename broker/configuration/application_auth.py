"""Shapes of how an application proves itself to the model's values; `checks.application_auth` has judged them."""

from __future__ import annotations

import json

from broker.configuration.checks import Context
from broker.configuration.shapes import ClientShape
from broker.configuration.shapes.application_auth import (
    CERTIFICATE_NAMES,
    AuthShape,
    IdentityShape,
    JwkSetShape,
    WorkloadKeys,
    WorkloadShape,
)
from broker.model import ApplicationAuth, CertificateName, ClaimTypes, Workload


def application_auth(shape: ClientShape, context: Context) -> ApplicationAuth:
    """A `ref` to an identity that is not there is a problem between files; here it gives nothing."""
    auth = shape.auth
    numbered = enumerate(auth.identities or (), start=1)
    found = (_identity(one, f"{shape.client_id}/{number}", context) for number, one in numbered)
    return ApplicationAuth(
        method=auth.method,
        secret=context.secrets.secret(auth.secret, context.file),
        jwks=key_set(auth.jwks),
        jwks_uri=auth.jwks_uri,
        certificate=_certificate(auth),
        workloads=tuple(workload for workload in found if workload is not None),
    )


def dpop(shape: ClientShape) -> str:
    """FAPI 2.0 Security Profile §5.3.2.1: every token is bound to its sender, by the one means or the other."""
    return shape.dpop or ("required" if shape.profile == "fapi2" and not shape.mtls_bound else "optional")


def shared(shape: WorkloadShape) -> Workload:
    return _workload(shape, shape.name, shape.issuer, shared=True)


def key_set(shape: JwkSetShape | None) -> str | None:
    return None if shape is None else json.dumps({"keys": shape.keys}, separators=(",", ":"), sort_keys=True)


def _identity(shape: IdentityShape, name: str, context: Context) -> Workload | None:
    if shape.ref is not None:
        return context.workloads.get(shape.ref)
    return _workload(shape, name, shape.issuer or "", shared=False)


def _workload(shape: WorkloadKeys, name: str, issuer: str, *, shared: bool) -> Workload:
    return Workload(
        name=name,
        issuer=issuer,
        shared=shared,
        audience=shape.audience,
        subject=shape.subject,
        when=shape.when,
        types=ClaimTypes(shape.claim_types),
        jwks=key_set(shape.jwks),
        jwks_uri=shape.jwks_uri,
        tenant=shape.tenant,
        reuse=shape.reuse,
    )


def _certificate(auth: AuthShape) -> CertificateName | None:
    for key in CERTIFICATE_NAMES:
        value = getattr(auth, key)
        if value is not None:
            return CertificateName(key.removeprefix("tls_client_auth_"), value)
    return None
