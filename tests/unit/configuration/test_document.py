"""The YAML door: plain values, their places, and nothing that could surprise (attack catalogue YM-01 to YM-28)."""

from __future__ import annotations

import tracemalloc
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import configuration
from broker.configuration.document import LONGEST_FILE, MOST_PROBLEMS, dotted, read
from broker.configuration.scalars import Ambiguous, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("contoso", "contoso"),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("2027-06-30", date(2027, 6, 30)),
        ("10m", "10m"),
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("no-reply", "no-reply"),
        ("nullable", "nullable"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_means_what_every_reader_thinks(text: str, value: object) -> None:
    found = plain(text)
    assert (type(found), found) == (type(value), value)


WORDS = ("NO", "no", "Yes", "on", "Off", "True", "FALSE", "~", "null", "NULL", "")
NUMBERS = ("0640", "0o17", "0x1F", "0b1", "1_000", "22:22", "1.10", ".5", "5.", "1e3", "1.0e+3", "+5", ".inf", "-.INF")


@pytest.mark.parametrize("text", [*WORDS, *NUMBERS, ".nan", "2026-13-45", "2026-01-01 10:00:00"])
def test_a_scalar_on_which_readers_disagree_is_refused(text: str) -> None:
    with pytest.raises(Ambiguous) as refused:
        plain(text)
    what, remedy = refused.value.args
    assert what
    assert remedy


def test_quoted_scalars_are_text() -> None:
    document = read(b"a: '0640'\nb: \"no\"\nc: '~'\nd: |\n  1.10\n", "x.yaml")
    assert document.value == {"a": "0640", "b": "no", "c": "~", "d": "1.10\n"}
    assert document.problems == []


def test_a_byte_order_mark_is_taken_off() -> None:
    """YM-21"""
    assert read(b"\xef\xbb\xbfid: a\n", "x.yaml").value == {"id": "a"}


@pytest.mark.parametrize(
    ("data", "line", "column", "what"),
    [
        ("id: a".encode("utf-16"), 1, 1, "not UTF-8"),
        (b"id: a\nname: \xff", 2, 7, "not UTF-8"),
        ("id: a\nname: x\u202ey".encode(), 2, 8, "the invisible character U+202E"),
        ("id: a\u2028".encode(), 1, 6, "the invisible character U+2028"),
        (b"id: \x00", 1, 5, "the invisible character U+0000"),
        (b'id: "\\0"', 1, 5, "an invisible character in the text"),
        (b'"i\\u202ed": a', 1, 1, "an invisible character in a key"),
        (b"id:\n\t- a", 2, 1, "not valid YAML: found character that cannot start any token"),
    ],
)
def test_what_cannot_be_seen_is_refused(data: bytes, line: int, column: int, what: str) -> None:
    """YM-21"""
    problem = read(data, "x.yaml").problems[0]
    assert (problem.line, problem.column, problem.what) == (line, column, what)


def test_a_file_over_the_limit_is_not_parsed() -> None:
    """YM-06"""
    assert read(b"#" * (LONGEST_FILE + 1), "x.yaml").problems[0].what == f"larger than {LONGEST_FILE} bytes"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_ends_the_reading_before_it_costs_anything(opening: str) -> None:
    """YM-05"""
    document = read((opening * 100_000).encode(), "x.yaml")
    assert document.value is None
    assert len(document.problems) == 1


def test_a_billion_laughs_never_unfold() -> None:
    """YM-03"""
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    tracemalloc.start()
    problems = read("\n".join(lines).encode(), "x.yaml").problems
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problems[0].what == "anchors (`&name`) are refused"
    assert peak < 1_000_000


def test_an_anchor_that_holds_itself_is_refused() -> None:
    """YM-04"""
    assert read(b"a: &a [*a]", "x.yaml").problems[0].what == "anchors (`&name`) are refused"


def test_problems_are_not_endless() -> None:
    document = read("\n".join(f"k{n}: ~" for n in range(5000)).encode(), "x.yaml")
    assert len(document.problems) == MOST_PROBLEMS


def test_a_value_and_its_key_have_places() -> None:
    document = read(b"a:\n  - b: {c: x}\n  - d\n", "x.yaml")
    inner = document.problem(("a", 0, "b", "c"), "w")
    at_key = document.problem(("a", 0, "b", "c"), "w", at_key=True)
    item = document.problem(("a", 1), "w")
    absent = document.problem(("a", 0, "nothing"), "w")
    assert [(p.line, p.column) for p in (inner, at_key, item, absent)] == [(2, 12), (2, 9), (3, 5), (2, 5)]
    assert (inner.path, absent.path) == ("a[0].b.c", "a[0].nothing")


def test_the_first_of_two_equal_keys_is_kept() -> None:
    """YM-07: the problem refuses the file; what is read further must not change under the reader's hands."""
    document = read(b"a: 1\na: {b: 2}\nc: 3\n", "x.yaml")
    assert document.value == {"a": 1, "c": 3}
    assert [problem.path for problem in document.problems] == ["a"]


def test_dotted_paths() -> None:
    assert dotted(("a", 0, 1, "b")) == "a[0][1].b"
    assert dotted(()) == ""


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_only_ever_give_problems(data: bytes) -> None:
    """YM-28"""
    document = read(data, "x.yaml")
    assert document.value is not None or document.problems


_FRAGMENTS = (
    "id",
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "~",
    "!",
    "&a",
    "*a",
    "<<",
    "|",
    "?",
    "---",
)
_KEYS = (
    "id",
    "identity_providers",
    "protocol",
    "saml",
    "metadata",
    "url",
    "file",
    "claims",
    "set",
    "when",
    "roles",
    "for",
)
_TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(_KEYS),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=5), below, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=60))
def test_arbitrary_yaml_marks_only_ever_give_problems(parts: list[str]) -> None:
    """YM-28"""
    document = read("".join(parts).encode(), "x.yaml")
    assert document.value is not None or document.problems


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(_KEYS), _TREES, max_size=6))
def test_arbitrary_trees_in_any_file_only_ever_give_problems(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    """YM-28: through every shape and every check."""
    import json

    data = json.dumps(tree).encode()
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("broker.yaml", "clients/a.yaml", "clients/b.yaml", "tenants/a.yaml", "tenants/b.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    assert configuration.check(folder, {})
