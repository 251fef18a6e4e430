"""What `signin` relies on, of every upstream protocol alike (broker/connectors/connector.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

import pytest

from broker.connectors import KINDS, Surroundings
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import AuthRequest, Begun, Callback, Identity, PostForm, Redirect, serial
from broker.signin.correlation import Fault
from tests.attacks.saml.harness import NOW
from tests.conformance.connectors import HARNESSES, Speaking

REQUEST = AuthRequest("a-transaction.6b49d200.mark.place", "app", "https://app.example/cb", ("openid",), int(NOW))
OTHER = replace(REQUEST, id="another-one.6b49d200.mark.place")


class Untouchable:
    """Whoever asks it for anything fails the test."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} was used")


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def at(kind: str) -> Iterator[Speaking]:
    assert kind in HARNESSES, f"the protocol {kind} has no harness in tests/conformance/connectors.py"
    with HARNESSES[kind].speaking() as speaking:
        yield speaking


def begun(at: Speaking, request: AuthRequest = REQUEST) -> tuple[AuthRequest, Begun]:
    """As it comes back from the store."""
    started = at.connector.begin(request, at.callback_url)
    kept = serial.loads(AuthRequest, serial.dumps(replace(request, memory=started.memory)))
    return kept, started


def untouchable() -> NoReturn:
    raise AssertionError("asked for at construction")


def test_every_protocol_has_a_harness_and_every_harness_a_protocol() -> None:
    assert set(HARNESSES) == set(KINDS)


def test_construction_touches_nothing(kind: str) -> None:
    """Five thousand connectors are built without a request, a look into the store, or a key."""
    nothing = Untouchable()
    surroundings = Surroundings("https://login.example.com", False, nothing, nothing, untouchable, untouchable)  # type: ignore[arg-type]  # that is the point
    assert KINDS[kind](HARNESSES[kind].idp, surroundings) is not None


def test_settings_of_another_protocol_are_refused(kind: str) -> None:
    bare = replace(HARNESSES[kind].idp, oauth2=None, oidc=None, saml=None, wsfed=None)
    nothing = Untouchable()
    with pytest.raises(ValueError, match="contoso"):
        KINDS[kind](bare, Surroundings("https://login.example.com", False, nothing, nothing, untouchable, untouchable))  # type: ignore[arg-type]  # as above


def test_it_names_its_events_its_path_and_every_way_not_to_belong(at: Speaking) -> None:
    assert re.fullmatch(r"[a-z_]+", at.connector.event)
    assert re.fullmatch(r"[a-z-]+", at.connector.path)
    assert at.callback_url.endswith(f"/{at.connector.path}")
    assert set(at.connector.correlation) == {fault.value for fault in Fault}
    assert all(re.fullmatch(r"[a-z_]+", reason) for reason in at.connector.correlation.values())


def test_no_two_protocols_write_the_same_events() -> None:
    names = []
    for harness in HARNESSES.values():
        with harness.speaking() as speaking:
            names.append(speaking.connector.event)
    assert len(set(names)) == len(names)


def test_what_it_must_remember_is_text_and_outlives_the_store(at: Speaking) -> None:
    kept, started = begun(at)
    assert dict(kept.memory) == dict(started.memory)
    assert all(type(value) is str for pair in started.memory.items() for value in pair)
    assert isinstance(started.action, Redirect | PostForm)


def test_two_sign_ins_remember_different_things(at: Speaking) -> None:
    first, second = begun(at)[0], begun(at)[0]
    assert at.by_name or first.memory != second.memory


def test_a_good_answer_correlates_to_its_request_and_proves_an_identity(at: Speaking, kind: str) -> None:
    kept, started = begun(at)
    answer = at.answer(kept, started)
    assert answer.method == at.method
    assert at.connector.correlate(answer) == REQUEST.id
    identity = at.connector.finish(kept, answer, at.callback_url)
    assert (identity.tenant, identity.idp) == ("contoso", HARNESSES[kind].idp.id)
    assert identity.upstream
    assert identity.subject
    assert serial.loads(Identity, serial.dumps(identity)) == identity


def test_an_answer_to_another_request_is_refused(at: Speaking) -> None:
    kept, _ = begun(at)
    other, started = begun(at, OTHER if at.by_name else REQUEST)
    assert rejection(at, kept, at.answer(other, started)) == at.foreign


def rejection(at: Speaking, kept: AuthRequest, answer: Callback) -> str:
    with pytest.raises(AssertionRejected) as caught:
        at.connector.finish(kept, answer, at.callback_url)
    assert re.fullmatch(r"[a-z_]+", caught.value.reason)
    return caught.value.reason


def correlated(at: Speaking, answer: Callback) -> str | None:
    try:
        return at.connector.correlate(answer)
    except AssertionRejected as refusal:
        return "refused" if re.fullmatch(r"[a-z_]+", refusal.reason) else refusal.reason


TEXTS = ("", "x", "%", "\x00", "☃" * 30, "A" * 100_000, "PHg+", "../../etc/passwd")
NAMES = ("state", "code", "error", "iss", "response", "id_token", "SAMLResponse", "RelayState", "wa", "wresult", "wctx")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text[:8]!r}")
@pytest.mark.parametrize("times", [0, 1, 2])
def test_nonsense_is_refused_by_name_and_nothing_else_happens(at: Speaking, method: str, text: str, times: int) -> None:
    """`correlate` answers a name, nothing, or a refusal; `finish` refuses; no other exception leaves either."""
    values = dict.fromkeys(NAMES, (text,) * times) if times else {}
    answer = Callback(method, values, {}) if method == "GET" else Callback(method, {}, values)
    assert correlated(at, answer) in {None, text, "refused"}
    kept, _ = begun(at)
    with pytest.raises((AssertionRejected, UpstreamUnavailable)) as caught:
        at.connector.finish(kept, answer, at.callback_url)
    assert re.fullmatch(r"[a-z_]+", caught.value.reason)


def test_its_metadata_is_a_document_or_there_is_none(at: Speaking) -> None:
    document = at.connector.metadata(at.callback_url)
    if document is not None:
        media_type, body = document
        assert media_type.startswith("application/")
        assert at.callback_url.encode() in body
