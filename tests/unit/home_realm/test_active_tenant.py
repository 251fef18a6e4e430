"""The active tenant is named by the request in up to four ways, which must agree."""

import pytest

from broker.home_realm import active_tenant

from .world import WORLD


@pytest.mark.parametrize(
    ("named", "tenant"),
    [
        ({}, None),
        ({"tenant": "contoso"}, "contoso"),
        ({"acr_tenant": "contoso"}, "contoso"),
        ({"host_label": "fab"}, "fabrikam"),
        ({"redirect_label": "fab"}, "fabrikam"),
        ({"tenant": "fabrikam", "acr_tenant": "fabrikam", "host_label": "fab", "redirect_label": "fab"}, "fabrikam"),
        ({"tenant": "asleep"}, "asleep"),
    ],
)
def test_the_request_names_the_active_tenant(named, tenant):
    active = active_tenant(WORLD, **named)
    assert (active.tenant, active.reason) == (tenant, None)


@pytest.mark.parametrize(
    "named",
    [
        {"tenant": "contoso", "acr_tenant": "fabrikam"},
        {"tenant": "contoso", "host_label": "fab"},
        {"tenant": "contoso", "redirect_label": "fab"},
        {"acr_tenant": "contoso", "host_label": "fab"},
        {"host_label": "contoso", "redirect_label": "fab"},
    ],
)
def test_two_names_that_differ_are_an_error(named):
    active = active_tenant(WORLD, **named)
    assert (active.tenant, active.reason) == (None, "tenant_conflict")


@pytest.mark.parametrize(
    "named",
    [
        {"tenant": "nobody"},
        {"tenant": ""},
        {"tenant": "Contoso"},
        {"acr_tenant": "nobody"},
        {"host_label": "nobody"},
        {"redirect_label": "nobody"},
        {"host_label": "fabrikam"},  # its label is `fab`
        {"tenant": "fab"},  # a label is not an id
        {"tenant": "contoso", "redirect_label": "nobody"},
    ],
)
def test_a_name_that_no_tenant_has_is_an_error(named):
    active = active_tenant(WORLD, **named)
    assert (active.tenant, active.reason) == (None, "tenant_unknown")


def test_every_name_looked_at_is_told():
    active = active_tenant(WORLD, tenant="fabrikam", redirect_label="nobody")
    assert [(one.signal, one.result) for one in active.tried] == [
        ("tenant", "fabrikam"),
        ("redirect_uri", "no tenant has the name 'nobody'"),
    ]
