"""The semantics of rules, a sentence of the contract a test (section 5, Rules; section 3, Rules cannot write)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from broker import claims
from broker.claims import RuleTrace
from broker.model import ClaimValue, Deny, Drop, Role, Roles, Set
from broker.model.reserved import RESERVED
from tests.unit.claims.given import idp, run, tenant

CONTRACTOR = 'has(incoming.employee_type) && incoming.employee_type == "contractor"'


def test_standard_claims_go_out_where_the_idp_sent_them() -> None:
    sent: dict[str, ClaimValue] = {"name": "Ann", "locale": "de", "updated_at": 5, "department": "IT"}
    assert run(incoming=sent).claims == {"name": "Ann", "locale": "de", "updated_at": 5}


def test_a_standard_claim_with_several_values_does_not_go_out() -> None:
    assert run(incoming={"name": ("Ann", "Bob")}).claims == {}


@pytest.mark.parametrize("name", ["sub", "email_verified", "phone_number_verified", "iss", "roles", "tenant"])
def test_no_incoming_claim_goes_out_under_a_reserved_name(name: str) -> None:
    """CL-17."""
    assert run(incoming={name: "x"}).claims == {}


def test_rules_run_top_to_bottom_on_what_was_set_so_far() -> None:
    outcome = run(
        Set(1, {"team": '"a"'}),
        Set(2, {"team": 'claims.team + "b"'}),
        Set(3, {"team": 'claims.team + "c"'}, when='claims.team == "ab"'),
    )
    assert outcome.claims == {"team": "abc"}


def test_each_key_of_set_stands_alone() -> None:
    outcome = run(Set(1, {"a": "incoming.department", "b": '"b"', "c": "1 / 0"}))
    assert outcome.claims == {"b": "b"}
    problems = "a: incoming.department is absent; c: it cannot be computed on these values"
    assert outcome.trace == (RuleTrace(1, "set", True, problems, {"b": "b"}),)


def test_keys_of_one_set_do_not_see_each_other() -> None:
    assert run(Set(1, {"a": '"x"', "b": "claims.a"})).claims == {"a": "x"}


def test_a_set_that_cannot_be_evaluated_leaves_what_was_set() -> None:
    outcome = run(Set(1, {"name": "incoming.department"}), incoming={"name": "Ann"})
    assert outcome.claims == {"name": "Ann"}
    assert outcome.trace == (RuleTrace(1, "set", False, "name: incoming.department is absent"),)


@pytest.mark.parametrize(
    ("source", "value"),
    [('"x"', "x"), ("1", 1), ("1.5", 1.5), ("true", True), ('["a", "b"]', ("a", "b"))],
)
def test_result_types_are_text_number_bool_and_list_of_text(source: str, value: ClaimValue) -> None:
    assert run(Set(1, {"x": source})).claims == {"x": value}


@pytest.mark.parametrize("rule", [Set(1, {"x": '"x"'}, when="1 / 0 == 1"), Set(1, {"x": '"x"'}, when="claims.nope")])
def test_set_does_not_apply_where_when_cannot_be_evaluated(rule: Set) -> None:
    outcome = run(rule)
    assert outcome.claims == {}
    assert outcome.trace[0].applied is False
    assert str(outcome.trace[0].reason).startswith("when cannot be evaluated: ")


def test_role_applies_where_when_holds() -> None:
    rule = Role(1, "viewer", when="size(incoming.groups) > 0")
    assert run(rule, incoming={"groups": ("x",)}).roles == ("viewer",)
    outcome = run(rule)
    assert outcome.roles == ()
    assert outcome.trace == (RuleTrace(1, "role", False, "when cannot be evaluated: incoming.groups is absent"),)


def test_when_false_is_said_so() -> None:
    assert run(Role(1, "viewer", when="false")).trace == (RuleTrace(1, "role", False, "when is false"),)


def test_roles_maps_values_exactly() -> None:
    rule = Roles(1, "incoming.groups", {"Admins": "admin", "Finance": "approver"})
    assert run(rule, incoming={"groups": ("Finance", "Admins", "Other")}).roles == ("admin", "approver")


@pytest.mark.parametrize(
    "group",
    [
        pytest.param("x,admins", id="CL-14-comma"),
        pytest.param("admins;x", id="CL-14-semicolon"),
        pytest.param("admins\n", id="CL-14-newline"),
        pytest.param('["admins"]', id="CL-14-json"),
        pytest.param("admins-not", id="CL-15-prefix"),
        pytest.param("admin", id="CL-15-shorter"),
        pytest.param("Admins", id="CL-16-case"),
        pytest.param("ADMINS", id="CL-16-upper"),
        pytest.param("admınſ", id="CL-16-folding"),
        pytest.param("аdmins", id="CL-24-cyrillic"),
        pytest.param("ａdmins", id="CL-25-full-width"),
        pytest.param("ad\u200bmins", id="CL-26-zero-width"),
        pytest.param("*", id="CL-15-wildcard"),
    ],
)
def test_a_group_that_only_looks_like_one_gives_no_role(group: str) -> None:
    incoming = claims.incoming_of(idp(), {"groups": (group,)})
    outcome = run(Roles(1, "incoming.groups", {"admins": "admin"}), incoming=incoming)
    assert outcome.roles == ()
    assert outcome.trace == (RuleTrace(1, "roles", False, "no value is in the map"),)


def test_roles_that_cannot_be_evaluated_do_not_apply() -> None:
    outcome = run(Roles(1, "incoming.groups", {"a": "admin"}))
    assert outcome.trace == (RuleTrace(1, "roles", False, "from: incoming.groups is absent"),)


@pytest.mark.parametrize("rule", [Role(1, "root"), Roles(1, '["a"]', {"a": "root"})])
def test_nothing_but_the_tenants_roles_becomes_a_role(rule: Role | Roles) -> None:
    """CL-19."""
    outcome = run(rule)
    assert outcome.roles == ()
    assert outcome.trace[0].reason == "not in the tenant's roles: root"


def test_incoming_roles_are_no_roles() -> None:
    assert run(incoming={"roles": ("admin",)}).roles == ()


def test_drop_takes_a_claim_away() -> None:
    outcome = run(Drop(1, ("phone_number", "nope")), incoming={"phone_number": "1", "name": "Ann"})
    assert outcome.claims == {"name": "Ann"}
    assert outcome.trace == (RuleTrace(1, "drop", True, None, ("phone_number",)),)


def test_drop_drops_where_when_cannot_be_evaluated() -> None:
    outcome = run(Drop(1, ("name",), when='incoming.department == "x"'), incoming={"name": "Ann"})
    assert outcome.claims == {}
    reason = "when cannot be evaluated: incoming.department is absent"
    assert outcome.trace == (RuleTrace(1, "drop", True, reason, ("name",)),)


def test_drop_leaves_where_when_is_false() -> None:
    assert run(Drop(1, ("name",), when="false"), incoming={"name": "Ann"}).claims == {"name": "Ann"}


def test_deny_denies_with_the_rules_own_words() -> None:
    rule = Deny(3, "Use the partner portal.", when=CONTRACTOR)
    outcome = run(Role(1, "admin"), Set(2, {"x": '"x"'}), rule, incoming={"employee_type": "contractor", "name": "Ann"})
    assert (outcome.allowed, outcome.reason, outcome.message) == (False, "rule_denied", "Use the partner portal.")
    assert (outcome.claims, outcome.roles, outcome.email_verified) == ({}, (), None)
    assert outcome.trace[2] == RuleTrace(3, "deny", True, None, "Use the partner portal.")


@pytest.mark.parametrize(
    ("when", "incoming"),
    [
        pytest.param('incoming.employee_type == "contractor"', {}, id="CL-07-absent"),
        pytest.param('incoming.employee_type == "contractor"', {"employee_type": ("a", "b")}, id="CL-07-several"),
        pytest.param("1 / 0 == 1", {}, id="CL-07-error"),
        pytest.param("claims.flag", {}, id="CL-07-unset"),
        pytest.param("incoming.groups ==", {}, id="CL-07-invalid"),
        pytest.param("incoming.groups.all(a, incoming.groups.all(b, b != '!'))", {"groups": ("x",) * 1}, id="CL-01"),
    ],
)
def test_deny_denies_where_it_cannot_be_evaluated(when: str, incoming: dict[str, ClaimValue]) -> None:
    if "all" in when:
        incoming = {"groups": tuple(f"g{n}" for n in range(9000))}
    outcome = run(Deny(1, "No.", when=when), incoming=incoming)
    assert (outcome.allowed, outcome.reason, outcome.message) == (False, "rule_error", "No.")
    assert str(outcome.trace[0].reason).startswith("when cannot be evaluated: ")


def test_has_is_how_a_rule_says_that_a_claim_may_be_absent() -> None:
    assert run(Deny(1, "No.", when=CONTRACTOR)).allowed is True


def test_deny_without_when_always_denies() -> None:
    assert run(Deny(1, "No.")).reason == "rule_denied"


def test_rules_after_a_denial_do_not_run() -> None:
    outcome = run(Deny(1, "No."), Role(2, "admin"), Deny(3, "Never."))
    assert outcome.message == "No."
    assert outcome.trace[1:] == (
        RuleTrace(2, "role", False, "an earlier rule denied"),
        RuleTrace(3, "deny", False, "an earlier rule denied"),
    )


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_rules_cannot_write_a_reserved_name(name: str) -> None:
    """CL-17: configuration refuses it; here it is refused again."""
    outcome = run(Set(1, {name: '"x"'}), incoming={"email": "a@contoso.com"})
    assert name not in outcome.claims
    assert outcome.trace == (RuleTrace(1, "set", False, f"{name}: belongs to the broker"),)
    assert outcome.email_verified is False


def test_a_dotted_target_is_one_flat_name() -> None:
    """CL-18."""
    assert run(Set(1, {"realm_access.roles": '["admin"]'})).claims == {"realm_access.roles": ("admin",)}


INCOMPLETE: dict[str, ClaimValue] = {"groups": ("Admins",), "name": "Ann", "_claim_names": ("groups",)}


@pytest.mark.parametrize("when", ['"Admins" in incoming.groups', "has(incoming.groups)", '!("groups" in incoming)'])
def test_a_rule_that_names_an_incomplete_list_is_not_evaluable_even_in_has(when: str) -> None:
    """CL-20."""
    reason = "when cannot be evaluated: incoming.groups is known to be incomplete"
    outcome = run(Role(1, "admin", when), Drop(2, ("name",), when), Deny(3, "No.", when), incoming=INCOMPLETE)
    assert outcome.reason == "rule_error"
    assert [(line.applied, line.reason) for line in outcome.trace] == [(False, reason), (True, reason), (True, reason)]


def test_set_and_roles_do_not_read_an_incomplete_list() -> None:
    rules = Roles(1, "incoming.groups", {"Admins": "admin"}), Set(2, {"a": "incoming.groups", "b": '"b"'})
    outcome = run(*rules, incoming=INCOMPLETE)
    assert (outcome.roles, outcome.claims) == ((), {"name": "Ann", "b": "b"})
    assert outcome.trace[0].reason == "from: incoming.groups is known to be incomplete"


def test_rules_that_name_other_claims_are_evaluable_beside_an_incomplete_list() -> None:
    assert run(Role(1, "viewer", "has(incoming.name)"), incoming=INCOMPLETE).roles == ("viewer",)


def test_runs_share_nothing() -> None:
    """CL-06: the same tenant, other people, eight threads."""
    rules = tenant(Set(1, {"x": "incoming.department"}), Role(2, "admin", 'incoming.department == "d0"'))

    def one(number: int) -> bool:
        sent = {"department": f"d{number}"}
        for _ in range(500):
            outcome = claims.apply(rules, idp(), sent, email_verified=None)
            if outcome.claims != {"x": f"d{number}"} or (outcome.roles == ("admin",)) != (number == 0):
                return False
        return sent == {"department": f"d{number}"}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(8)))


def test_the_trace_has_no_values_in_its_reasons() -> None:
    outcome = run(Set(1, {"a": "incoming.department", "b": "claims[incoming.name]"}), incoming={"name": "Private Ann"})
    assert "Private" not in str(outcome.trace[0].reason)


def test_ten_thousand_groups_map_without_losing_the_last() -> None:
    """CL-20."""
    groups = (*(f"g{n}" for n in range(10_000)), "Admins")
    assert run(Roles(1, "incoming.groups", {"Admins": "admin"}), incoming={"groups": groups}).roles == ("admin",)


def test_direction_marks_stay_in_names() -> None:
    """CL-36: pages isolate them; a token says what the IdP said."""
    assert run(incoming={"name": "Ann\u202egnp"}).claims == {"name": "Ann\u202egnp"}
