"""What a shape cannot say: rules between the keys of one object, and between objects.

client, api, tenant, rules    one object each
application_auth, workload    how a client proves itself, whose tokens may prove it
across                   all objects together
Each check is one function that gives its findings; a finding is put at its place by the file's `Document`.
"""

from broker.configuration.checks.across import across
from broker.configuration.checks.api import check_api
from broker.configuration.checks.client import check_client
from broker.configuration.checks.finding import Context, Finding
from broker.configuration.checks.tenant import check_tenant
from broker.configuration.checks.workload import check_workload

__all__ = ["Context", "Finding", "across", "check_api", "check_client", "check_tenant", "check_workload"]
