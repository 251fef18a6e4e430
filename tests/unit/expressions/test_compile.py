"""What a rule's text may be: typed by the vendor profile, read by name, found wrong before anybody signs in."""

from __future__ import annotations

import pytest

from broker import expressions
from broker.expressions import ExpressionError
from broker.expressions.growth import FACTOR_LIMIT
from broker.expressions.names import SOURCE_LIMIT

TYPES = {
    "department": "text",
    "email": "text",
    "mfa": "bool",
    "age": "number",
    "score": "number",
    "groups": "list",
    "urn:oid:1": "text",
}


def refused(source: str, wants: str = "value") -> ExpressionError:
    with pytest.raises(ExpressionError) as raised:
        expressions.compile(source, TYPES, wants)
    assert raised.value.reason == "expression"
    return raised.value


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('incoming.groups == "admins"', "list of text, text"),  # the contract's own example
        ('incoming.department in ["a"] && incoming.groups == "a"', "list of text, text"),
        ('"a" in incoming.department', "text, text"),
        ("incoming.department == 3", "text, int"),
        ('incoming.mfa == "true"', "bool, text"),
        ('incoming.age == "18"', "int, text"),
        ("incoming.age in incoming.groups", "int, list"),
        ('incoming.nickname_of_ours == "x"', "list of text, text"),  # outside the profile: a list
        ('incoming["urn:oid:2"] == "x"', "list of text, text"),
        ("incoming.groups.lowerAscii()", "list of text"),
        ("incoming.department[0] == 1", "text, int"),
    ],
)
def test_comparing_the_wrong_types_is_refused_before_anybody_signs_in(source: str, said: str) -> None:
    assert said in refused(source, "bool").what


@pytest.mark.parametrize(
    "source",
    [
        "incoming.age == 18",
        "incoming.age > 17.5",
        "incoming.age in [18, 19]",
        "incoming.age > 17 && incoming.age < 18.5 && incoming.score > 0.5",
        'incoming["urn:oid:1"] == "x"',
        '"urn:oid:7" in incoming && "x" in incoming["urn:oid:7"]',
        'incoming["department"] == "x"',
        'has(incoming.department) && incoming.department == "x"',
        '!has(incoming.realm_access.roles) || "x" in incoming.realm_access.roles',
        'claims.department == "x"',
        "incoming.mfa",
    ],
)
def test_what_fits_the_types_compiles(source: str) -> None:
    assert expressions.compile(source, TYPES, "bool").wants == "bool"


@pytest.mark.parametrize(
    ("source", "wants"),
    [
        ("incoming.department", "bool"),
        ("size(incoming.groups)", "bool"),
        ("incoming.age", "bool"),
        ("incoming.mfa", "list"),
        ("incoming.age", "list"),
        ("null", "value"),
        ('{"a": "b"}', "value"),
        ('b"abc"', "value"),
        ("[1, 2]", "value"),
        ('timestamp("2026-01-01T00:00:00Z")', "value"),
        ("type(incoming.department)", "value"),
    ],
)
def test_results_other_than_text_number_bool_and_list_of_text_are_refused(source: str, wants: str) -> None:
    assert "must be" in refused(source, wants).what


def test_a_fault_is_found_at_its_line_and_column() -> None:
    error = refused('has(incoming.department) &&\n  incoming.groups == "x"', "bool")
    assert (error.line, error.column) == (2, 19)


def test_a_fault_names_what_the_operator_wrote() -> None:
    assert refused("department", "value").what == "undeclared reference to 'department'"


@pytest.mark.parametrize(
    "source",
    [
        "incoming",
        "size(incoming)",
        "incoming.all(k, true)",
        'incoming["a" + "b"]',
        "incoming[claims.x]",
        '"gro" + "ups" in incoming',
        "claims.x in incoming",
        "[1].map(incoming, incoming.x)",
        "[incoming]",
        'incoming["a\\u0062"]',
        'incoming[""]',
    ],
)
def test_incoming_is_read_by_name_only(source: str) -> None:
    refused(source, "value")


@pytest.mark.parametrize("source", [".incoming.department", "[.incoming.department]", "!.incoming.mfa"])
def test_a_leading_dot_cannot_hide_a_name(source: str) -> None:
    assert "dot" in refused(source).what


def test_names_says_what_is_read_tested_and_asked_for() -> None:
    source = 'has(incoming.a) && incoming.b.size() > 0 && "urn:c" in incoming && incoming["d e"] == [] && claims.f == 1'
    assert expressions.compile(source, TYPES, "bool").names == {"a", "b", "urn:c", "d e"}


def test_names_in_texts_and_comments_are_no_names() -> None:
    source = '"incoming.a" == "has(incoming.b)" // incoming.c'
    assert expressions.compile(source, TYPES, "bool").names == frozenset()


def test_more_names_than_slots_are_refused() -> None:
    refused(" && ".join(f"has(incoming.x{n})" for n in range(17)), "bool")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("().__class__.__mro__", id="CL-03-class"),
        pytest.param('"".__globals__', id="CL-03-globals"),
        pytest.param("incoming.department.__len__()", id="CL-03-len"),
        pytest.param('"{0.__class__}".format([incoming.department])', id="CL-03-format"),
        pytest.param('"%999999999s".format(["x"])', id="CL-02-width"),
        pytest.param('getattr(incoming, "x")', id="CL-05-builtin"),
        pytest.param("import os", id="CL-05-import"),
        pytest.param("lambda x: x", id="CL-05-lambda"),
        pytest.param("(x := 1)", id="CL-05-walrus"),
        pytest.param('f"{incoming.department}"', id="CL-05-f-string"),
        pytest.param("environ.PATH", id="CL-04-context"),
        pytest.param("__t0", id="CL-04-slot"),
        pytest.param("9**9**9", id="CL-01-power"),
        pytest.param("(" * 100 + "1" + ")" * 100, id="CL-01-depth"),
        pytest.param("[" * 60 + "]" * 60, id="CL-01-brackets"),
        pytest.param("1" + "+1" * 2000, id="CL-01-chain"),
        pytest.param('"' + "a" * 1_000_000 + '"', id="CL-01-size"),
        pytest.param('"\ud800"', id="CL-39-surrogate"),
        pytest.param('"a\x00b"', id="CL-38-NUL"),
        pytest.param("", id="empty"),
        pytest.param("incoming.`a-b`", id="quoted-name"),
    ],
)
def test_what_is_no_safe_expression_is_refused(source: str) -> None:
    refused(source)


@pytest.mark.parametrize(
    "source",
    [
        '["aaaaaaaaaa"]' + ".map(x, x + x)" * 28 + "[0]",
        '["aaaaaaaaaa"]' + ".map(x, " + " + ".join("x" * 10) + ")" * 8 + "[0]",
        '["a"]' + ".map(x, [x, x, x, x])" * 8 + ".size()",
        '"a"' + '.replace("a", "aaaaaaaaaa")' * 10,
        '"aaaa"' + '.replace("", "aaaa")' * 6,
        'incoming.department.split("").map(c, incoming.department.split("")).size()',
        '[incoming.department].map(d, d.split("").map(c, d.split(""))).size()',
        "incoming.groups.map(g, g + claims.x)",
        "incoming.department.replace(incoming.email, incoming.department)",
        'incoming.groups.join(incoming.department + "x")',
        "'''" + "a" * 30 + "'''" + ".replace('a', '''" + "b" * 3000 + "''').replace('b', 'bbb')",
    ],
)
def test_an_expression_cannot_build_without_bound(source: str) -> None:
    """CL-01, CL-02: each of these takes seconds and gigabytes when it runs."""
    refused(source)


def test_ordinary_texts_are_well_inside_the_bound() -> None:
    for source in (
        'incoming.department + " " + incoming.email',
        'incoming.groups.filter(g, g.startsWith("CN=")).map(g, g.replace("CN=", "").lowerAscii())',
        'incoming.department.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")',
        'incoming.groups.map(g, g.split(",")[0]).filter(g, g != "")',
        'incoming.groups.join(", ")',
    ):
        assert expressions.compile(source, TYPES, "value")._factor < FACTOR_LIMIT / 4


def test_the_longest_source_is_bounded() -> None:
    assert str(SOURCE_LIMIT) in refused("true" + " " * SOURCE_LIMIT, "bool").what


def test_one_text_is_compiled_once_for_all_tenants() -> None:
    one = expressions.compile('incoming.department == "shared"', TYPES, "bool")
    other = expressions.compile('incoming.department == "shared"', {**TYPES, "irrelevant": "number"}, "bool")
    assert one is other


def test_other_types_are_another_expression() -> None:
    one = expressions.compile("incoming.kind", {"kind": "text"}, "value")
    other = expressions.compile("incoming.kind", {"kind": "list"}, "value")
    assert one is not other
