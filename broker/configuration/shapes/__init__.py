"""The closed, strict shapes of `broker.yaml`, of a client, an API and a tenant file, as pydantic models.

fields      the kinds of value: durations, networks, secrets, choices, keys of later versions
broker, client, api, tenant      one file each: what may stand in it
reading     a document to a shape, with every problem at once
"""

from broker.configuration.shapes.api import ApiShape
from broker.configuration.shapes.application_auth import WorkloadShape
from broker.configuration.shapes.broker import BrokerShape
from broker.configuration.shapes.client import ClientShape
from broker.configuration.shapes.fields import SecretRef
from broker.configuration.shapes.reading import Read, read_shape
from broker.configuration.shapes.tenant import IdentityProviderShape, RuleShape, TenantShape

__all__ = [
    "ApiShape",
    "BrokerShape",
    "ClientShape",
    "IdentityProviderShape",
    "Read",
    "RuleShape",
    "SecretRef",
    "TenantShape",
    "WorkloadShape",
    "read_shape",
]
