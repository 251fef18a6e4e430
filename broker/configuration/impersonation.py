"""Shape to the model's `impersonation`; `checks.impersonation` has judged it."""

from __future__ import annotations

from broker.configuration.shapes.impersonation import ImpersonationShape
from broker.model import Impersonation


def impersonation(shape: ImpersonationShape) -> Impersonation | None:
    """None: nobody may."""
    if not shape.allowed or shape.operators is None:
        return None
    return Impersonation(
        operators=shape.operators.role,
        never_roles=tuple(shape.never_roles),
        second_person=shape.approval == "second_person",
        longest=shape.longest,
    )
