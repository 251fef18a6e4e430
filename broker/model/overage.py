"""How an IdP says that it left groups out: Entra sends none beyond 150 (SAML) or 200 (JWT), but a pointer instead.

The pointer's address is never followed (CL-23).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.model.sign_in import Value

GROUPS_LEFT_OUT = ("hasgroups", "http://schemas.microsoft.com/claims/groups.link")
_POINTER = "_claim_names.groups"  # OIDC Core §5.6.2, flattened


def groups_left_out(attributes: Mapping[str, tuple[Value, ...]]) -> bool:
    said = any(str(value).lower() != "false" for name in GROUPS_LEFT_OUT for value in attributes.get(name, ()))
    return said or _POINTER in attributes or "groups" in attributes.get("_claim_names", ())


def with_groups(attributes: Mapping[str, tuple[Value, ...]], groups: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """The attributes with this list in the pointer's place."""
    pointers = {*GROUPS_LEFT_OUT, _POINTER}
    kept = {name: values for name, values in attributes.items() if name not in pointers}
    if "_claim_names" in kept:
        kept["_claim_names"] = tuple(name for name in kept["_claim_names"] if name != "groups")
    return {**kept, "groups": tuple(groups)}
