"""What a request agrees on beside the scope: single claims, who it is about, where it answers, keys, APIs."""

from __future__ import annotations

import json

import pytest

from broker.errors import InvalidRequest
from broker.model.sign_in import ANY_AGE
from broker.oauth2.request import Came
from tests.unit.oauth2.asking import ask


def test_one_by_one_only_claims_of_the_clients_own_scopes_are_asked_for() -> None:
    """OIDC Core §5.5: the rest is voluntary, and left out."""
    names = {
        "email": {"essential": True},
        "email_verified": None,
        "department": None,
        "phone_number": None,
        "iss": None,
    }
    asked = ask({"claims": json.dumps({"userinfo": names, "id_token": {"name": None}, "x": 1})}).request.terms
    assert asked.userinfo_claims == ("email", "email_verified", "department")
    assert asked.id_token_claims == ("name",)


def test_an_essential_acr_is_kept_apart_from_a_wish() -> None:
    """OIDC Core §5.5.1.1"""
    essential = {"acr": {"essential": True, "values": ["gold", "silver"]}}
    asked = ask({"claims": json.dumps({"id_token": essential}), "acr_values": "bronze"}).request
    assert (asked.essential_acr, asked.acr_values) == (("gold", "silver"), ("bronze",))
    wished = ask({"claims": json.dumps({"id_token": {"acr": {"value": "gold"}}}), "acr_values": "bronze gold"}).request
    assert (wished.essential_acr, wished.acr_values) == ((), ("bronze", "gold"))


def test_an_essential_auth_time_must_be_known_whenever_it_was() -> None:
    essential = json.dumps({"id_token": {"auth_time": {"essential": True}}})
    assert ask({"claims": essential}).request.max_age == ANY_AGE
    assert ask({"claims": essential, "max_age": "5"}).request.max_age == 5
    assert ask({"claims": '{"id_token": {"auth_time": null}}'}).request.max_age is None


def test_a_sub_with_a_value_is_the_one_person_who_may_sign_in() -> None:
    same = {"claims": '{"id_token": {"sub": {"value": "sub-1"}}}'}
    assert ask(same).request.id_token_hint_sub == "sub-1"
    assert ask({**same, "id_token_hint": "good"}).request.id_token_hint_sub == "sub-1"


def test_a_form_post_is_answered_where_the_client_may_have_it() -> None:
    assert ask({"response_mode": "form_post"}).request.response_mode == "form_post"
    assert ask({"response_mode": "query"}).request.response_mode == "query"
    assert ask().request.response_mode == "query"


def test_an_api_of_the_client_may_be_asked_for_again_and_again() -> None:
    """RFC 8707 §2: `resource` may repeat."""
    orders = "https://orders.example.com"
    assert ask({"resource": (orders, orders)}).request.terms.resources == (orders,)
    assert ask().request.terms.resources == ()


KEY = "k" * 43


def test_a_code_is_bound_to_the_key_that_is_named_or_was_proven() -> None:
    """RFC 9449 §10, §10.1"""
    proven = Came("handle", cnf={"jkt": KEY})
    assert ask().request.terms.cnf == {}
    assert ask({"dpop_jkt": KEY}).request.terms.cnf == {"jkt": KEY}
    assert ask(came=proven).request.terms.cnf == {"jkt": KEY}
    assert ask({"dpop_jkt": KEY}, proven).request.terms.cnf == {"jkt": KEY}
    with pytest.raises(InvalidRequest) as refused:
        ask({"dpop_jkt": "j" * 43}, proven)
    assert refused.value.reason == "dpop_jkt_mismatch"


def test_what_must_be_pushed_or_signed_may_be() -> None:
    assert ask({"client_id": "pushes"}, Came("handle")).request.pushed == "handle"
    assert ask({"client_id": "signs"}, Came(signed=True)).request.client_id == "signs"
