"""Where people are asked before anything is issued, and the devices that wait for them."""

from __future__ import annotations

from broker.app.house import House
from broker.signin import Approvals
from broker.web.approval import ApprovalPage
from broker.web.device import DeviceAuthorization, DevicePage


def asking(house: House) -> tuple[DeviceAuthorization, DevicePage, ApprovalPage]:
    deployment = house.deployment
    return (
        DeviceAuthorization(
            door=house.door,
            store=house.store,
            issuer=deployment.issuer,
            hints=house.tokens,
            record=house.record,
            clock=house.clock,
        ),
        DevicePage(house.store, house.requests, house.pages, house.address, house.record),
        ApprovalPage(
            issuer=deployment.issuer,
            live=house.live,
            approvals=Approvals(house.store, house.sessions, deployment.lifetimes, house.clock),
            cookies=house.cookies,
            pages=house.pages,
            seal=house.seal,
            address=house.address,
        ),
    )
