"""The active tenant: the tenant that the token will speak for, as far as the request names one."""

from __future__ import annotations

from dataclasses import dataclass

from broker.model import Configuration, Signal


@dataclass(frozen=True, slots=True)
class ActiveTenant:
    """`tenant` None without a `reason`: nothing names one, so the home realm's tenant will be active.

    reason: tenant_unknown (a name that no tenant has), tenant_conflict (two names that differ).
    """

    tenant: str | None
    reason: str | None
    tried: tuple[Signal, ...]


def active_tenant(
    configuration: Configuration,
    *,
    tenant: str | None = None,
    acr_tenant: str | None = None,
    host_label: str | None = None,
    redirect_label: str | None = None,
) -> ActiveTenant:
    """Compare everything that names a tenant: two that differ are an error, whichever is right.

    tenant, acr_tenant: ids (`tenant=<id>`, `acr_values=tenant:<id>`); host_label, redirect_label: host labels.
    """
    named: list[tuple[str, str, str | None]] = []
    for signal, text in (("tenant", tenant), ("acr_values", acr_tenant)):
        if text is not None:
            named.append((signal, text, text if text in configuration.tenants else None))
    for signal, text in (("host", host_label), ("redirect_uri", redirect_label)):
        if text is not None:
            named.append((signal, text, configuration.labels.get(text)))
    tried = tuple(Signal(signal, found or f"no tenant has the name {text!r}") for signal, text, found in named)
    found = {tenant_id for _, _, tenant_id in named}
    if None in found:
        return ActiveTenant(None, "tenant_unknown", tried)
    if len(found) > 1:
        return ActiveTenant(None, "tenant_conflict", tried)
    return ActiveTenant(found.pop() if found else None, None, tried)
