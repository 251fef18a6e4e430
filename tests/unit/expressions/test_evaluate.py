"""What an evaluation gives: a value of a wanted type, or a problem in words; never an exception or a truthy error."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from broker import expressions
from broker.expressions import Evaluated
from broker.model import ClaimValue

TYPES = {"department": "text", "email": "text", "mfa": "bool", "age": "number", "groups": "list"}


def evaluate(
    source: str,
    incoming: Mapping[str, ClaimValue] | None = None,
    claims: Mapping[str, ClaimValue] | None = None,
    wants: str = "value",
) -> Evaluated:
    return expressions.compile(source, TYPES, wants).evaluate(incoming or {}, claims or {})


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("incoming.department", "Sales"),
        ("incoming.department.lowerAscii()", "sales"),
        ("incoming.age", 18),
        ("incoming.age * 2", 36),
        ("incoming.age > 17.5", True),
        ("incoming.mfa", True),
        ("incoming.groups", ("a", "b")),
        ("incoming.groups.filter(g, g != 'a')", ("b",)),
        ("incoming.groups.size()", 2),
        ("1.5", 1.5),
        ("2u", 2),
        ("[]", ()),
        ("claims.title", "Dr"),
        ("claims.tags.exists(t, t == 'x')", True),
        ('incoming["urn:x"]', ("v",)),
        ("incoming.address.country", ("DE",)),
        ('has(incoming.department) ? incoming.department : "none"', "Sales"),
        ('has(incoming.company) ? "some" : "none"', "none"),
        ('"urn:x" in incoming', True),
        ('"urn:y" in incoming', False),
        ('!("urn:y" in incoming)', True),
        ("has(incoming.address.country)", True),
    ],
)
def test_values(source: str, value: ClaimValue) -> None:
    incoming = {
        "department": "Sales",
        "age": 18,
        "mfa": True,
        "groups": ("a", "b"),
        "urn:x": ("v",),
        "address.country": ("DE",),
    }
    found = evaluate(source, incoming, {"title": "Dr", "tags": ("x",)})
    assert found == Evaluated(value)
    assert type(found.value) is type(value)


def test_a_text_is_a_list_of_one_where_a_list_is_wanted() -> None:
    assert evaluate("incoming.department", {"department": "a,b"}, wants="list").value == ("a,b",)


@pytest.mark.parametrize(
    ("source", "incoming", "problem"),
    [
        ("incoming.department", {}, "incoming.department is absent"),
        ("incoming.department", {"department": ""}, "incoming.department is absent"),
        ("incoming.groups", {"groups": ()}, "incoming.groups is absent"),
        ('incoming.department == "a"', {}, "incoming.department is absent"),
        ('incoming.department != "a"', {}, "incoming.department is absent"),
        ("size(incoming.groups) > 0", {}, "incoming.groups is absent"),
        ("incoming.department", {"department": ("a", "b")}, "incoming.department has several values"),
        ("incoming.department", {"department": 3}, "incoming.department is not text"),
        ("incoming.mfa", {"mfa": "yes"}, "incoming.mfa is not true or false"),
        ("incoming.mfa", {"mfa": 1}, "incoming.mfa is not true or false"),
        ("incoming.age", {"age": "old"}, "incoming.age is not a number"),
        ("incoming.age", {"age": True}, "incoming.age is not a number"),
        ("incoming.groups", {"groups": "a"}, "incoming.groups is not a list"),
        ("claims.department", {}, "claims.department is not set"),
        ('claims["department"]', {}, "it cannot be computed on these values"),
        ("1 / 0", {}, "it cannot be computed on these values"),
        ("incoming.groups[5]", {"groups": ("a",)}, "it cannot be computed on these values"),
        ("incoming.age * 4", {"age": 2**62}, "it cannot be computed on these values"),
        (
            "double(incoming.age) * 1e300",
            {"age": 1e300},
            "its result is not text, a number, true or false, or a list of text",
        ),
        ("dyn(null)", {}, "its result is not text, a number, true or false, or a list of text"),
        ("[dyn('a'), dyn(1)]", {}, "its result is not text, a number, true or false, or a list of text"),
        ("dyn([['a']])", {}, "its result is not text, a number, true or false, or a list of text"),
    ],
)
def test_what_cannot_be_evaluated_is_a_problem_in_words(
    source: str, incoming: Mapping[str, ClaimValue], problem: str
) -> None:
    """CL-08, CL-09, CL-40."""
    assert evaluate(source, incoming) == Evaluated(None, problem)


@pytest.mark.parametrize("value", ["\ud800", 2**70, -(2**70)])
def test_values_that_the_library_cannot_take_are_problems(value: ClaimValue) -> None:
    """CL-39, CL-40: never an exception, and the value is in no message."""
    for found in (evaluate("incoming.any", {"any": (str(value),)}), evaluate("claims.x", {}, {"x": value})):
        assert found.value is None or found.value == (str(value),)
        assert found.problem is None or str(value).encode("utf-8", "replace").decode() not in found.problem
    assert evaluate("claims.x", {}, {"x": value}).problem is not None


def test_an_error_is_never_truthy() -> None:
    """The library answers a run-time error with a text; a condition must not take it for true."""
    for source in ("1 / 0 == 1", 'claims.missing == "x"', "dyn('yes')", "dyn(1)", 'int("x") == 1'):
        assert evaluate(source, wants="bool").value is None


def test_a_condition_takes_no_truthy_value() -> None:
    for value in ("true", 1, 1.0, ("a",)):
        assert evaluate("claims.flag", {}, {"flag": value}, wants="bool").value is None
    assert evaluate("claims.flag", {}, {"flag": True}, wants="bool").value is True


def test_has_is_true_of_a_text_with_several_values() -> None:
    assert evaluate("has(incoming.department)", {"department": ("a", "b")}, wants="bool").value is True


def test_has_is_false_of_what_is_empty() -> None:
    for empty in ("", ()):
        assert evaluate("has(incoming.department)", {"department": empty}, wants="bool").value is False


def test_an_absent_claim_behind_has_is_never_read() -> None:
    assert evaluate('has(incoming.department) && incoming.department == "x"', wants="bool").value is False


def test_has_of_a_dotted_name_reads_the_whole_name() -> None:
    incoming = {"realm_access": ("other",)}
    assert evaluate("has(incoming.realm_access.roles)", incoming, wants="bool").value is False


@pytest.mark.parametrize("name", ["department", "email", "mfa", "age", "groups", "other"])
def test_a_claim_alone_gives_what_cel_would_give(name: str) -> None:
    """Most rules are one name; they take a shorter way, which must not be another one."""
    values: list[ClaimValue | None] = [None, "", (), "x", ("x",), ("x", "y"), True, False, 0, 18, 1.5]
    for wants in ("value", "list") if name in {"department", "groups", "other"} else ("value",):
        for value in values:
            incoming = {} if value is None else {name: value}
            alone = evaluate(f"incoming.{name}", incoming, wants=wants)
            assert alone == evaluate(f"(incoming.{name})", incoming, wants=wants)


@pytest.mark.parametrize("added", ["dyn([1])", "dyn([null])", "claims.number", "[dyn(1)]"])
def test_a_list_of_text_cannot_be_joined_with_something_else(added: str) -> None:
    found = evaluate(f"incoming.groups + {added}", {"groups": ("a",)}, {"number": 1})
    assert found.value is None


def test_ten_thousand_nulls_do_not_end_the_process() -> None:
    """On Python 3.11 reading some 3,000 CEL nulls aborts the interpreter."""
    alone = expressions.compile("dyn(null)", TYPES, "value")
    inside = expressions.compile("[dyn(null), dyn('a')]", TYPES, "list")
    for _ in range(10_000):
        assert alone.evaluate({}, {}).value is None
        assert inside.evaluate({}, {}).value is None


def test_null_in_data_is_absent() -> None:
    incoming: dict[str, ClaimValue] = {"department": None}  # type: ignore[dict-item]  # what JSON may hold
    assert evaluate("incoming.department", incoming).problem == "incoming.department is absent"


def test_incoming_is_not_changed() -> None:
    """CL-06."""
    incoming = {"groups": ("a", "b")}
    evaluate("incoming.groups.map(g, g + 'x')", incoming)
    assert incoming == {"groups": ("a", "b")}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('incoming.department.matches("^(a+)+$")', id="CL-10"),
        pytest.param('incoming.department.matches("(x+x+)+y")', id="CL-10-two"),
        pytest.param("incoming.department.matches(incoming.department)", id="CL-11"),
        pytest.param("incoming.groups.all(a, incoming.groups.all(b, incoming.groups.all(c, c != '!')))", id="CL-01"),
    ],
)
def test_evaluation_is_bounded(source: str) -> None:
    """CL-01, CL-10, CL-11: exponential matching or 10^12 steps would run for years; a second is generous."""
    expression = expressions.compile(source, TYPES, "bool")
    before = time.thread_time()
    expression.evaluate({"department": "a" * 10_000 + "!", "groups": tuple(f"g{n}" for n in range(10_000))}, {})
    assert time.thread_time() - before < 1


def test_what_would_build_too_much_from_long_values_is_a_problem() -> None:
    found = evaluate('incoming.department.replace("a", "' + "b" * 1000 + '")', {"department": "a" * 100_000})
    assert found == Evaluated(None, "it would build too much text from these values")


def test_ten_thousand_groups_can_be_searched() -> None:
    """CL-20. Membership has no bound; walking a list has the library's: 9,999 steps, and says so beyond."""
    groups = tuple(f"group-{n}" for n in range(10_000))
    assert evaluate('"group-9999" in incoming.groups', {"groups": groups}).value is True
    walk = "incoming.groups.filter(g, g.endsWith('-9998'))"
    assert evaluate(walk, {"groups": groups[:-1]}).value == ("group-9998",)
    assert evaluate(walk, {"groups": groups}).problem == "it takes more than 9,999 steps on these values"


def test_a_matching_end_is_not_before_a_final_newline() -> None:
    """CL-12."""
    assert evaluate('incoming.email.matches("^[a-z]+$")', {"email": "admin\n"}).value is False


def test_eight_threads_share_one_expression() -> None:
    expression = expressions.compile('"b" in incoming.groups && incoming.department == claims.want', TYPES, "bool")

    def ask(number: int) -> bool:
        incoming = {"department": f"d{number % 3}", "groups": ("a", "b")}
        return all(expression.evaluate(incoming, {"want": "d0"}).value is (number % 3 == 0) for _ in range(2000))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_eight_threads_compile_at_once() -> None:
    def make(number: int) -> bool:
        sources = [f'incoming.department == "{number % 4}-{n}"' for n in range(50)]
        return all(evaluate(source, {"department": source[24:-1]}, wants="bool").value is True for source in sources)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(make, range(8)))
