"""The tenant's rules, top to bottom: one function a kind of rule, one trace line a rule.

What cannot be evaluated gives nothing, and never opens a door: `set`, `role`, `roles` do not apply, `drop` drops,
`deny` denies (contract section 5, Rules). Everything here works on copies; `incoming` is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker import expressions
from broker.claims.emails import settle
from broker.claims.incoming import incomplete, types_of
from broker.expressions import Evaluated
from broker.model import ClaimValue, Deny, Drop, IdentityProvider, Role, Roles, Rule, Set, Tenant
from broker.model.reserved import RESERVED
from broker.oauth2 import scopes

# These go out where the IdP sent them and no rule says otherwise; what only the broker may say is not among them.
STANDARD = tuple(name for names in scopes.CLAIMS_OF.values() for name in names)

Output = Mapping[str, ClaimValue] | tuple[str, ...] | str | None


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What became of one rule. `output`: what it added or took away; `reason`: why it, or a part, did not apply, or
    why it applied although its `when` could not be evaluated."""

    rule: int
    kind: str  # set | role | roles | drop | deny
    applied: bool
    reason: str | None = None
    output: Output = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """reason: rule_denied | rule_error (a deny rule that cannot be evaluated); message: the rule's own words.

    Of a denial neither claims nor roles leave. notes: what the broker changed after the rules, for the operator.
    """

    allowed: bool
    reason: str | None
    message: str | None
    claims: Mapping[str, ClaimValue]
    roles: tuple[str, ...]
    email_verified: bool | None
    trace: tuple[RuleTrace, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Condition:
    holds: bool | None  # None: not evaluable
    reason: str | None = None


@dataclass(slots=True)
class _Run:
    """One pass over the rules; the only thing that changes, and nobody else sees it."""

    types: Mapping[str, str]
    incoming: Mapping[str, ClaimValue]
    incomplete: frozenset[str]
    known_roles: tuple[str, ...]
    claims: dict[str, ClaimValue]
    roles: set[str] = field(default_factory=set)

    def evaluate(self, source: str, wants: str) -> Evaluated:
        try:
            expression = expressions.compile(source, self.types, wants)
        except expressions.ExpressionError:
            return Evaluated(None, "the expression does not fit this identity provider's claims")
        for name in sorted(expression.names & self.incomplete):
            return Evaluated(None, f"incoming.{name} is known to be incomplete")
        return expression.evaluate(self.incoming, self.claims)

    def condition(self, when: str | None) -> _Condition:
        if when is None:
            return _Condition(True)
        found = self.evaluate(when, "bool")
        if found.value is None:
            return _Condition(None, f"when cannot be evaluated: {found.problem}")
        return _Condition(True) if found.value is True else _Condition(False, "when is false")


def apply(
    tenant: Tenant, idp: IdentityProvider, incoming: Mapping[str, ClaimValue], *, email_verified: bool | None
) -> Outcome:
    """Run `tenant`'s rules on what `idp` proved. email_verified: whether the IdP vouched for the incoming address."""
    types = {**types_of(idp), **(tenant.hook.claims if tenant.hook else {})}
    run = _Run(types, incoming, incomplete(incoming), tenant.roles, _standard(incoming))
    trace: list[RuleTrace] = []
    denied: tuple[Deny, bool] | None = None
    for rule in tenant.rules:
        if denied is not None:
            trace.append(RuleTrace(rule.number, _KIND_NAMES[type(rule)], False, "an earlier rule denied"))
            continue
        line, condition = _apply_one(rule, run)
        trace.append(line)
        if isinstance(rule, Deny) and line.applied:
            denied = rule, condition.holds is None
    if denied is not None:
        reason = "rule_error" if denied[1] else "rule_denied"
        return Outcome(False, reason, denied[0].message, {}, (), None, tuple(trace))
    return _allowed(tenant, idp, run, tuple(trace), email_verified)


def _allowed(
    tenant: Tenant, idp: IdentityProvider, run: _Run, trace: tuple[RuleTrace, ...], proven: bool | None
) -> Outcome:
    """The checks that stand outside the rules."""
    settled = settle(tenant, idp, run.claims, run.incoming.get("email"), proven)
    return Outcome(
        allowed=True,
        reason=None,
        message=None,
        claims={name: value for name, value in settled.claims.items() if name not in RESERVED},
        roles=tuple(role for role in tenant.roles if role in run.roles),
        email_verified=settled.verified,
        trace=trace,
        notes=() if settled.note is None else (settled.note,),
    )


def _standard(incoming: Mapping[str, ClaimValue]) -> dict[str, ClaimValue]:
    """A tuple is several values where the standard knows one: it does not go out."""
    return {name: incoming[name] for name in STANDARD if name in incoming and not isinstance(incoming[name], tuple)}


def _apply_one(rule: Rule, run: _Run) -> tuple[RuleTrace, _Condition]:
    condition = run.condition(rule.when)
    match rule:
        case Set():
            return _set(rule, condition, run), condition
        case Role():
            return _role(rule, condition, run), condition
        case Roles():
            return _roles(rule, condition, run), condition
        case Drop():
            return _drop(rule, condition, run), condition
        case Deny():
            return _deny(rule, condition), condition


def _set(rule: Set, condition: _Condition, run: _Run) -> RuleTrace:
    """Each key stands alone, and reads the claims as they were before this rule."""
    if not condition.holds:
        return RuleTrace(rule.number, "set", False, condition.reason)
    added: dict[str, ClaimValue] = {}
    problems = []
    for name, source in rule.claims.items():
        found = run.evaluate(source, "value")
        if name in RESERVED:
            problems.append(f"{name}: belongs to the broker")
        elif found.value is None:
            problems.append(f"{name}: {found.problem}")
        else:
            added[name] = found.value
    run.claims.update(added)
    return RuleTrace(rule.number, "set", bool(added), "; ".join(problems) or None, added or None)


def _role(rule: Role, condition: _Condition, run: _Run) -> RuleTrace:
    if not condition.holds:
        return RuleTrace(rule.number, "role", False, condition.reason)
    return _granted(rule.number, "role", (rule.role,), run)


def _roles(rule: Roles, condition: _Condition, run: _Run) -> RuleTrace:
    if not condition.holds:
        return RuleTrace(rule.number, "roles", False, condition.reason)
    found = run.evaluate(rule.source, "list")
    if not isinstance(found.value, tuple):
        return RuleTrace(rule.number, "roles", False, f"from: {found.problem}")
    mapped = tuple(dict.fromkeys(rule.map[value] for value in found.value if value in rule.map))
    if not mapped:
        return RuleTrace(rule.number, "roles", False, "no value is in the map")
    return _granted(rule.number, "roles", mapped, run)


def _granted(number: int, kind: str, wanted: tuple[str, ...], run: _Run) -> RuleTrace:
    """Nothing but a word of the tenant's `roles` becomes a role."""
    granted = tuple(role for role in wanted if role in run.known_roles)
    run.roles.update(granted)
    unknown = ", ".join(role for role in wanted if role not in run.known_roles)
    reason = f"not in the tenant's roles: {unknown}" if unknown else None
    return RuleTrace(number, kind, bool(granted), reason, granted or None)


def _drop(rule: Drop, condition: _Condition, run: _Run) -> RuleTrace:
    if condition.holds is False:
        return RuleTrace(rule.number, "drop", False, condition.reason)
    dropped = tuple(name for name in rule.claims if run.claims.pop(name, None) is not None)
    reason = condition.reason or (None if dropped else "no such claim is set")
    return RuleTrace(rule.number, "drop", bool(dropped), reason, dropped or None)


def _deny(rule: Deny, condition: _Condition) -> RuleTrace:
    if condition.holds is False:
        return RuleTrace(rule.number, "deny", False, condition.reason)
    return RuleTrace(rule.number, "deny", True, condition.reason, rule.message)


_KIND_NAMES: Mapping[type[Rule], str] = {Set: "set", Role: "role", Roles: "roles", Drop: "drop", Deny: "deny"}
