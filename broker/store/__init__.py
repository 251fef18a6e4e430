"""Everything that must outlive a request. SQLAlchemy Core stays in here.

Store         the front: `of(tenant)`, `deployment`, `transaction()`, and the schema's upkeep
TenantStore   what belongs to one tenant; another tenant's data does not exist for it
DeploymentStore   the short closed list of what belongs to none
DeviceStore   devices that belong to no tenant until somebody answers for them
Transaction   several of them together, with the audit events, in one commit
"""

from broker.store.deployment import DeploymentStore
from broker.store.devices import DeviceStore
from broker.store.records import (
    GivenConsent,
    Grant,
    KnownPerson,
    RefreshUse,
    Revision,
    StoredEvent,
    StoredKey,
    UpstreamHeld,
)
from broker.store.sealing import revision_digest
from broker.store.store import Store, StoreDocuments
from broker.store.tenant import TenantStore
from broker.store.transaction import Transaction

__all__ = [
    "DeploymentStore",
    "DeviceStore",
    "GivenConsent",
    "Grant",
    "KnownPerson",
    "RefreshUse",
    "Revision",
    "Store",
    "StoreDocuments",
    "StoredEvent",
    "StoredKey",
    "TenantStore",
    "Transaction",
    "UpstreamHeld",
    "revision_digest",
]
