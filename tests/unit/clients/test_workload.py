"""Workload identity federation: whose token may be which client, and the one reason for every token that may not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from broker.clients import Workloads
from broker.clients.workload_claims import incoming
from broker.errors import TemporarilyUnavailable, TokenRejected
from broker.model import ApplicationAuth, ClaimTypes, Client, Workload
from tests.unit.clients.signing import ISSUER, NOW, Marks, jwks, key, refused, signed
from tests.unit.grants.house import Published

GITHUB = "https://token.actions.githubusercontent.com"
CLUSTER = "https://kubernetes.default.svc.cluster.local"
BRANCH = "repo:acme@12/shop@34:ref:refs/heads/main"
ACTIONS = Workload("ci/1", GITHUB, subject=BRANCH)


def token(signed_by: str = "github", *, typ: str | None = "JWT", **claims: Any) -> str:
    good = {"iss": GITHUB, "aud": ISSUER, "sub": BRANCH, "iat": NOW, "nbf": NOW, "exp": NOW + 300}
    return signed({"alg": "ES256", "kid": signed_by, "typ": typ}, {**good, **claims}, key(signed_by))


class Platform:
    """One client with some identities; GitHub's keys at their place."""

    def __init__(self, *workloads: Workload) -> None:
        discovery = json.dumps({"issuer": GITHUB, "jwks_uri": f"{GITHUB}/jwks"}).encode()
        place = f"{GITHUB}/.well-known/openid-configuration"
        self.site: Any = Published({place: discovery, f"{GITHUB}/jwks": jwks(key("github")).encode()})
        self.client = Client("ci", "CI", (), ApplicationAuth("workload", workloads=workloads))
        self.marks = Marks()
        self.workloads = Workloads(ISSUER, self.site, self.marks.once, lambda: NOW)

    def prove(self, unverified: str) -> str:
        return self.workloads.prove(self.client, unverified).name


def test_a_platforms_token_proves_the_client_whose_subject_it_names() -> None:
    assert Platform(ACTIONS).prove(token()) == "ci/1"
    assert Platform(ACTIONS).prove(token(aud=[ISSUER])) == "ci/1"


def test_a_condition_reads_the_claims() -> None:
    condition = 'incoming.repository_id == "34" && incoming.ref.startsWith("refs/tags/v")'
    platform = Platform(replace(ACTIONS, subject=None, when=condition))
    assert platform.prove(token(repository_id="34", ref="refs/tags/v1")) == "ci/1"
    for claims in ({"repository_id": "35", "ref": "refs/tags/v1"}, {"repository_id": "34"}, {}):
        with refused("subject", TokenRejected):
            platform.prove(token(**claims))


def test_a_repository_is_the_same_under_the_old_and_the_new_form_of_its_subject() -> None:
    """T20: whoever means both writes both, or a condition over the numbers that nobody can register again."""
    old = "repo:acme/shop:ref:refs/heads/main"
    both = Platform(ACTIONS, replace(ACTIONS, name="ci/2", subject=old))
    assert both.prove(token()) == "ci/1"
    assert both.prove(token(sub=old)) == "ci/2"
    numbers = 'incoming.repository_id == "34" && incoming.repository_owner_id == "12"'
    by_number = Platform(replace(ACTIONS, subject=None, when=numbers))
    for subject in (old, BRANCH):
        assert by_number.prove(token(sub=subject, repository_id="34", repository_owner_id="12")) == "ci/1"
    with refused("subject", TokenRejected):
        Platform(ACTIONS).prove(token(sub=old))


def test_subject_and_condition_must_both_hold() -> None:
    platform = Platform(replace(ACTIONS, when='incoming.environment == "production"'))
    assert platform.prove(token(environment="production")) == "ci/1"
    with refused("subject", TokenRejected):
        platform.prove(token(environment="staging"))
    with refused("subject", TokenRejected):
        platform.prove(token(environment="production", sub=f"{BRANCH}x"))


def test_an_identity_without_subject_and_condition_proves_nobody() -> None:
    with refused("subject", TokenRejected):
        Platform(replace(ACTIONS, subject=None)).prove(token())


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("another issuer", {"iss": "https://evil.example"}, "iss"),
    ("no issuer", {"iss": None}, "iss"),
    ("the platform's default audience", {"aud": "https://github.com/acme"}, "aud"),
    ("an audience beside us", {"aud": [ISSUER, "https://other.example"]}, "aud"),
    ("no audience: a legacy Kubernetes token", {"aud": None}, "aud"),
    ("no end: a legacy Kubernetes token", {"exp": None}, "exp"),
    ("expired", {"exp": NOW}, "exp"),
    ("an extended token of a year", {"exp": NOW + 365 * 86400}, "exp"),
    ("not yet", {"nbf": NOW + 61}, "nbf"),
    ("another branch", {"sub": BRANCH.replace("main", "evil")}, "subject"),
    ("another case", {"sub": BRANCH.upper()}, "subject"),
    ("no subject", {"sub": None}, "subject"),
    ("signed by somebody else", {"signed_by": "stranger"}, "key"),
    ("an access token", {"typ": "at+jwt"}, "typ"),
]


@pytest.mark.parametrize(("claims", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_token_that_is_not_meant_refuses(claims: dict[str, Any], reason: str) -> None:
    platform = Platform(ACTIONS)
    with refused(reason, TokenRejected):
        platform.prove(token(**{"jti": "one", **claims}))
    assert not platform.marks.seen, "what is refused uses nothing up"


def test_a_token_with_a_jti_is_good_once_unless_the_file_says_otherwise() -> None:
    platform = Platform(ACTIONS)
    platform.prove(token(jti="run-1"))
    with refused("replay", TokenRejected):
        platform.prove(token(jti="run-1"))
    patient = Platform(replace(ACTIONS, reuse=True))
    assert [patient.prove(token(jti="run-1")) for _ in range(2)] == ["ci/1", "ci/1"]


def test_two_clusters_may_bear_one_name_and_never_share_their_keys() -> None:
    """T21: the default issuer of Kubernetes is the same everywhere."""
    subject = "system:serviceaccount:shop:export"
    east = Workload("east", CLUSTER, subject=subject, jwks=jwks(key("east")), tenant="contoso")
    west = Workload("west", CLUSTER, subject=subject, jwks=jwks(key("west")), tenant="fabrikam")
    platform = Platform(east, west)
    assert platform.prove(token("west", iss=CLUSTER, aud=[ISSUER], sub=subject, typ=None)) == "west"
    assert platform.prove(token("east", iss=CLUSTER, aud=[ISSUER], sub=subject, typ=None)) == "east"
    with refused("key", TokenRejected):
        platform.prove(token("north", iss=CLUSTER, aud=[ISSUER], sub=subject))
    assert platform.site.asked == [], "inline keys are never looked for elsewhere"


def test_a_spiffe_identity_needs_no_issuer_and_brings_its_bundle() -> None:
    """JWT-SVID §3: `iss` is optional, the trust domain stands in the subject; keys have the use jwt-svid."""
    mine = "spiffe://example.org/shop/export"
    workload = Workload("svid", "spiffe://example.org", subject=mine, jwks=jwks(key("spire"), use="jwt-svid"))
    platform = Platform(workload)
    assert platform.prove(token("spire", iss=None, sub=mine, aud=[ISSUER])) == "svid"
    assert platform.prove(token("spire", iss=None, sub=mine, typ="JOSE")) == "svid"
    with refused("iss", TokenRejected):
        platform.prove(token("spire", iss=None, sub="spiffe://example.org.evil/shop/export"))


def test_a_managed_identity_is_known_by_its_object_in_its_directory() -> None:
    directory = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
    when = 'incoming.oid == "o-1" && incoming.tid == "t-1" && !has(incoming.scp)'
    audience = "api://broker"
    workload = Workload("vm", directory, when=when, audience=audience, jwks=jwks(key("entra")))
    platform = Platform(workload)
    claims = {"iss": directory, "sub": "o-1", "oid": "o-1", "tid": "t-1", "aud": audience, "exp": NOW + 86_000}
    assert platform.prove(token("entra", **claims)) == "vm"
    with refused("subject", TokenRejected):
        platform.prove(token("entra", **claims, scp="user_impersonation"))


def test_an_issuer_that_does_not_answer_is_no_refusal_of_the_workload() -> None:
    platform = Platform(ACTIONS)
    platform.site.documents.clear()
    with refused("client_keys", TemporarilyUnavailable):
        platform.prove(token())


def test_nested_claims_are_read_under_their_joined_names() -> None:
    claims = {"kubernetes.io": {"namespace": "shop", "pod": {"uid": "p-1"}}, "n": 3, "yes": True, "list": ["a"]}
    types = ClaimTypes(one="list", many="number")
    assert incoming({**claims, "one": "x", "many": 3, "nothing": None}, types) == {
        "kubernetes_io_namespace": "shop",
        "kubernetes_io_pod_uid": "p-1",
        "n": "3",
        "yes": "true",
        "list": ("a",),
        "one": ("x",),
        "many": 3,
    }


def test_two_claims_of_one_name_are_both_unknown() -> None:
    assert incoming({"a.b": "good", "a": {"b": "evil"}, "c": "x"}, ClaimTypes()) == {"c": "x"}
