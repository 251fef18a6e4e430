"""The tables, and below them what was promised and whether it was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.soak import watch
from tests.soak.ledger import Event, Ledger, Try
from tests.soak.watch import Sample
from tests.soak.weather import Weather
from tests.soak.world import Tenant

ANNOUNCED = frozenset({"access_denied", "temporarily_unavailable"})  # what people of a broken IdP may be told
LONGEST = 12.0  # seconds until they are told: two time limits, and the way
WARM = 3  # minutes below which memory still fills and not every key can roll
ROWS = ("one_time", "seen", "persons", "sessions", "grants", "refresh_tokens", "documents", "keys", "audit_events")
TOLD = ("sign_in.completed", "sign_in.resumed", "token.issued", "token.refreshed", "token.revoked", "session.ended")
DELIVERED = "logout.delivered"


@dataclass(frozen=True)
class Outcome:
    """All that the soak found. reasons: reference -> reason of the audit event. log: the broker's."""

    minutes: float
    store: str
    tenants: Sequence[Tenant]
    ledger: Ledger
    weather: Weather
    keys: dict[str, int]
    samples: list[Sample]
    audited: Counter[Event]
    reasons: dict[str, str]
    log: str

    @property
    def sign_ins(self) -> list[Try]:
        return [one for one in self.ledger.tries if one.story == "sign-in"]

    def failed(self, *, whole: bool) -> list[Try]:
        """Failed sign-ins at tenants whose identity provider is in order, or at the others."""
        ids = {tenant.id for tenant in self.tenants if tenant.whole == whole}
        return [one for one in self.sign_ins if one.tenant in ids and one.error]

    @property
    def expected(self) -> Counter[Event]:
        """The audit events that must be there: what the apps saw happen, and a notice for each app of a session."""
        done = self.ledger.done
        ended = {(event.tenant, event.sid) for event in done if event.event == "session.ended"}
        notices = {
            event._replace(event=DELIVERED)
            for event in done
            if event.event == "token.issued" and (event.tenant, event.sid) in ended
        }
        return done + Counter(notices)


@dataclass(frozen=True)
class Promise:
    what: str
    broken: str  # empty: kept


def promises(found: Outcome) -> Iterable[Promise]:
    yield Promise("no sign-in of another tenant failed", _tries(found.failed(whole=True)))
    whole = {tenant.id for tenant in found.tenants if tenant.whole}
    completed = {one.tenant for one in found.sign_ins if not one.error}
    yield Promise("people of every sound identity provider got in", ", ".join(sorted(whole - completed)))
    yield Promise("nobody got in through a broken one", ", ".join(sorted(completed - whole)))
    dishonest = [one for one in found.failed(whole=False) if not _announced(one) or one.seconds > LONGEST]
    yield Promise(f"whoever could not get in was told why, within {LONGEST:.0f} s", _tries(dishonest))
    other = [one for one in found.ledger.tries if one.story != "sign-in" and one.error]
    yield Promise("no refresh, userinfo, revocation, single sign-on or sign-out failed", _tries(other))
    yield Promise("no audit event lost, none for what did not happen", _differences(found))
    references = [one.reference for one in found.ledger.tries if one.error] + found.ledger.refusals
    unknown = sum(1 for reference in references if reference not in found.reasons)
    yield Promise("every refusal stands in the audit log", f"{unknown} of {len(references)} do not" if unknown else "")
    yield Promise("every app heard of every sign-out, once", _notices(found))
    yield from _health(found)


def _health(found: Outcome) -> Iterable[Promise]:
    workers = watch.workers(found.samples)
    gone = [pid for pid in workers if any(pid not in sample.memory for sample in found.samples)]
    yield Promise("no worker died", f"{len(gone)} came or went" if gone else "")
    steady = [pid for pid in workers if pid not in gone]
    if found.minutes >= WARM:
        grown = [pid for pid in steady if not watch.flat([sample.memory[pid] for sample in found.samples])]
        yield Promise("memory flat", f"{len(grown)} workers grew" if grown else "")
    leaks = [
        pid
        for pid in steady
        for kind in ("descriptors", "threads")
        if not watch.level([getattr(sample, kind)[pid] for sample in found.samples])
    ]
    yield Promise("descriptors and threads level", f"{len(leaks)} rows rose" if leaks else "")
    faults = found.log.count("Traceback") + sum(1 for reason in found.reasons.values() if reason == "unexpected")
    yield Promise("nothing unexpected in the broker's log", f"{faults} faults" if faults else "")
    rolled = [*(saml.rolled for saml in found.weather.world.saml_rolling), found.weather.world.oidc_rolling.rolled]
    still = f"{rolled} upstream, {found.weather.rotations} of ours; {found.weather.refused}"
    held = found.weather.refused or (found.minutes >= WARM and 0 in (*rolled, found.weather.rotations))
    yield Promise("keys rolled, upstream and ours", still if held else "")


def printed(found: Outcome) -> tuple[str, bool]:
    """The whole report, and whether every promise was kept."""
    kept = list(promises(found))
    verdicts = [f"  {'BROKEN' if one.broken else 'kept  '}  {one.what}{_about(one.broken)}" for one in kept]
    head = f"soak: {found.minutes:g} minutes, 2 workers on {found.store}, {len(found.tenants)} tenants"
    parts = [
        head,
        _tenants(found),
        _stories(found),
        _minutes(found),
        _keys(found),
        _audit(found),
        "promises",
        *verdicts,
    ]
    return "\n".join(parts), not any(one.broken for one in kept)


def _tenants(found: Outcome) -> str:
    lines = [
        f"\n{'tenant':10} {'identity provider':32}{'tried':>6}{'in':>6}{'failed':>7}{'p50 ms':>8}{'p99 ms':>8}  why"
    ]
    for tenant in found.tenants:
        tries = [one for one in found.sign_ins if one.tenant == tenant.id]
        failed = [one for one in tries if one.error]
        why = Counter(f"{one.error}/{found.reasons.get(one.reference, 'not audited')}" for one in failed)
        said = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
        figures = f"{len(tries):6}{len(tries) - len(failed):6}{len(failed):7}{_latency(tries)}"
        lines.append(f"{tenant.id:10} {tenant.about:32}{figures}  {said}")
    return "\n".join(lines)


def _stories(found: Outcome) -> str:
    lines = [f"\n{'story':43}{'tried':>6}{'done':>6}{'failed':>7}{'p50 ms':>8}{'p99 ms':>8}"]
    for story in sorted({one.story for one in found.ledger.tries}):
        tries = [one for one in found.ledger.tries if one.story == story]
        failed = sum(1 for one in tries if one.error)
        lines.append(f"{story:43}{len(tries):6}{len(tries) - failed:6}{failed:7}{_latency(tries)}")
    return "\n".join([*lines, f"tokens verified by PyJWT: {found.ledger.verified}"])


def _minutes(found: Outcome) -> str:
    workers = watch.workers(found.samples)
    names = "".join(f"{f'worker {number}':>24}" for number in range(1, len(workers) + 1))
    rows = "".join(f"{name:>15}" for name in ROWS)
    lines = [f"\n{'minute':6}{names}{rows}", f"{'':6}{'MB  descr. threads':>24}" * len(workers)]
    for sample in _one_a_minute(found.samples):
        cells = "".join(
            f"{sample.memory.get(pid, 0):12.1f}{sample.descriptors.get(pid, 0):6}{sample.threads.get(pid, 0):6}"
            for pid in workers
        )
        counts = "".join(f"{sample.rows[name]:15}" for name in ROWS)
        lines.append(f"{sample.seconds / 60:6.1f}{cells}{counts}")
    for number, pid in enumerate(workers, 1):
        middle, last = watch.thirds([sample.memory[pid] for sample in found.samples if pid in sample.memory])
        lines.append(f"worker {number}: median of the middle third {middle:.1f} MB, of the last third {last:.1f} MB")
    return "\n".join(lines)


def _one_a_minute(samples: list[Sample]) -> list[Sample]:
    """The first sample of each minute, and the very last."""
    first = {int(sample.seconds // 60): sample for sample in reversed(samples)}
    return sorted(
        {id(sample): sample for sample in (*first.values(), samples[-1])}.values(), key=lambda one: one.seconds
    )


def _keys(found: Outcome) -> str:
    world, weather = found.weather.world, found.weather
    rolled = [f"{saml.tenant} {saml.rolled} (metadata read {saml.fetched} times)" for saml in world.saml_rolling]
    rolled.append(f"{world.oidc_rolling.tenant} {world.oidc_rolling.rolled}")
    ours = ", ".join(f"{count} {state}" for state, count in found.keys.items())
    return (
        f"\nkeys rolled upstream: {', '.join(rolled)}; garbage for metadata: {world.forgetful.tenant}, "
        f"read {world.forgetful.fetched} times\nour keys rotated by force: {weather.rotations} times; now {ours}"
    )


def _audit(found: Outcome) -> str:
    lines = [f"\n{'audit event':24}{'seen by apps':>14}{'in the log':>12}{'lost':>6}{'too many':>10}"]
    for name in (*TOLD, DELIVERED):
        wanted, stored = _of(found.expected, name), _of(found.audited, name)
        figures = f"{wanted.total():14}{stored.total():12}{(wanted - stored).total():6}{(stored - wanted).total():10}"
        lines.append(f"{name:24}{figures}")
    return "\n".join([*lines, ""])


def _of(events: Counter[Event], name: str) -> Counter[Event]:
    """sign_in.completed names the client too; session.ended does not."""
    return Counter({event: count for event, count in events.items() if event.event == name})


def _differences(found: Outcome) -> str:
    said = []
    for name in (*TOLD, DELIVERED):
        wanted, stored = _of(found.expected, name), _of(found.audited, name)
        lost, more = (wanted - stored).total(), (stored - wanted).total()
        if lost or more or not wanted:
            said.append(f"{name}: {wanted.total()} seen, {lost} lost, {more} too many")
    return "; ".join(said)


def _notices(found: Outcome) -> str:
    wanted = Counter({event._replace(tenant=""): count for event, count in _of(found.expected, DELIVERED).items()})
    lost, more = (wanted - found.ledger.heard).total(), (found.ledger.heard - wanted).total()
    return f"{lost} not heard, {more} too many" if lost or more or not wanted else ""


def _announced(one: Try) -> bool:
    """Back at the app; or a page, where the answer did not say which sign-in it belongs to."""
    return one.error in ANNOUNCED or (one.error.startswith("page 4") and one.reference != "")


def _tries(tries: list[Try]) -> str:
    if not tries:
        return ""
    first = tries[0]
    said = " ".join(first.text.split())
    about = f"{first.tenant}, {first.story}, {first.seconds:.1f} s"
    return f"{len(tries)}, the first: {about}, {said} {first.reference}"


def _about(broken: str) -> str:
    return f": {broken}" if broken else ""


def _latency(tries: list[Try]) -> str:
    if not tries:
        return f"{'-':>8}{'-':>8}"
    ordered = sorted(one.seconds * 1000 for one in tries)
    return f"{median(ordered):8.0f}{ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]:8.0f}"
