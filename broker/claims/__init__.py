"""What this tenant lets us say about a person: incoming claims, rules top to bottom, outgoing claims and roles.

    incoming_of(idp, attributes) -> incoming      upstream names and values to short, typed names
    apply(tenant, idp, incoming, …) -> Outcome    the tenant's rules, then the checks no rule can escape

incoming   names and types, one shape for every protocol
explain    which row of the vendor profile made what of a name
rules      one function a kind of rule; a trace line for each
guests     what crosses into another tenant
emails     which address may leave, and when it counts as verified
"""

from __future__ import annotations

from broker.claims.explain import Source, explain
from broker.claims.guests import of_guest
from broker.claims.incoming import enriched, incoming_of, incomplete, told, types_of
from broker.claims.rules import Outcome, RuleTrace, apply

__all__ = [
    "Outcome",
    "RuleTrace",
    "Source",
    "apply",
    "enriched",
    "explain",
    "incoming_of",
    "incomplete",
    "of_guest",
    "told",
    "types_of",
]
