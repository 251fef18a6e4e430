"""Which organisation a sign-in is for, and where the person proves who they are (contract section 2).

Pure functions on the configuration: no cookie, no request, no clock. `active_tenant` first, then `decide`.
"""

from broker.home_realm.active import ActiveTenant, active_tenant
from broker.home_realm.decision import PUBLIC, decide, domains_told

__all__ = ["PUBLIC", "ActiveTenant", "active_tenant", "decide", "domains_told"]
