"""From one identity provider to another without anybody becoming a stranger: `sub` stays, by an explicit crosswalk.

A person's name at the new IdP becomes a further name of the person known from the old one. Nothing is guessed: a
subject that is not known, stands for several people, or is somebody else's already is reported and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.audit import new_reference
from broker.model import AuditEvent
from broker.store import TenantStore, Transaction


@dataclass(frozen=True, slots=True)
class Carried:
    """One further name for one person."""

    sub: str
    subject: str
    upstream: str
    idp: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Subjects as the crosswalk names them: of the old IdP in `unknown` and `ambiguous`, of the new one in the rest."""

    carry: tuple[Carried, ...] = ()
    done: tuple[str, ...] = ()  # names this person already
    unknown: tuple[str, ...] = ()  # nobody has signed in with it
    ambiguous: tuple[str, ...] = ()  # several people, of upstreams that the IdP pointed at in turn
    taken: tuple[str, ...] = ()  # names somebody else

    @property
    def whole(self) -> bool:
        return not (self.unknown or self.ambiguous or self.taken)


def by_subject(here: TenantStore, source: str, target: tuple[str, str], pairs: Mapping[str, str]) -> Plan:
    """target: the new IdP's id, and its issuer or entityID. pairs: subject at the old IdP -> subject at the new one."""
    people: dict[str, set[str]] = {}
    for known in here.people_of(source):
        people.setdefault(known.subject, set()).add(known.sub)
    unknown = tuple(old for old in pairs if old not in people)
    ambiguous = tuple(old for old in pairs if len(people.get(old, ())) > 1)
    single = {new: next(iter(people[old])) for old, new in pairs.items() if len(people.get(old, ())) == 1}
    return _sorted(here, target, single.items(), unknown, ambiguous)


def by_name(here: TenantStore, target: tuple[str, str], names: Iterable[tuple[str, str]]) -> Plan:
    """names: a further name, and the `sub` whose it is; a name that came for two people is nobody's."""
    found: dict[str, set[str]] = {}
    for name, sub in names:
        found.setdefault(name, set()).add(sub)
    ambiguous = tuple(name for name, subs in found.items() if len(subs) > 1)
    single = {name: next(iter(subs)) for name, subs in found.items() if len(subs) == 1}
    return _sorted(here, target, single.items(), (), ambiguous)


def carry(transaction: Transaction, tenant: str, source: str, target: str, plan: Plan) -> int:
    """Give the names, each with its audit event; how many were given. What another took meanwhile is left alone."""
    here, reference, count = transaction.of(tenant), new_reference(), 0
    for one in plan.carry:
        if here.alias_person(one.idp, one.upstream, one.subject, one.sub):
            count += 1
            transaction.record(
                AuditEvent(
                    "person.migrated",
                    "success",
                    reference,
                    tenant=tenant,
                    idp=target,
                    sub=one.sub,
                    detail={"from": source},
                )
            )
    return count


def _sorted(
    here: TenantStore,
    target: tuple[str, str],
    wanted: Iterable[tuple[str, str]],
    unknown: tuple[str, ...],
    ambiguous: tuple[str, ...],
) -> Plan:
    idp, upstream = target
    fresh: list[Carried] = []
    done: list[str] = []
    taken: list[str] = []
    for subject, sub in wanted:
        known = here.known_person(idp, upstream, subject)
        if known is None:
            fresh.append(Carried(sub, subject, upstream, idp))
        else:
            (done if known == sub else taken).append(subject)
    return Plan(tuple(fresh), tuple(done), unknown, ambiguous, tuple(taken))
