"""One harness a grant: what a client must hold to use it, made on the house's store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broker.grants import DEVICE_CODE
from broker.grants.introduced import JWT_BEARER, TOKEN_EXCHANGE
from broker.model import Client, Code, serial
from tests.unit.grants.house import CALLBACK, VERIFIER, House

Form = dict[str, str]


@dataclass(frozen=True)
class Harness:
    """held: the form of a request that will be granted. credential: its field that counts.

    missing, unknown, foreign, reused: the reasons without it, with nonsense in it, from another client, a second time.
    """

    held: Callable[[House, Client], Form]
    credential: str
    missing: str
    unknown: str
    foreign: str
    reused: str


def code(house: House, client: Client) -> Form:
    return {"code": house.sign_in(client), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}


def refresh(house: House, client: Client) -> Form:
    return {"refresh_token": house.tokens_of(client)["refresh_token"]}


def device(house: House, client: Client) -> Form:
    """A device whose person has said yes."""
    code = f"device of {house.sign_in(client)}"
    clients = house.live.clients.values()
    able = {one.client_id: replace(one, grant_types=(*one.grant_types, DEVICE_CODE)) for one in clients}
    house.live = replace(house.live, clients=able)
    devices, until = house.store.devices, int(house.now) + 600
    devices.open(code, "BCDFGHJK", client.client_id, "{}", wait=5, ends_at=until)
    answer = Code(client.client_id, "", ("openid", "profile"), "contoso", "sid-1", "abcd-efgh")
    devices.approve(devices.key("BCDFGHJK"), client.client_id, "contoso", serial.dumps(answer))
    return {"device_code": code}


# No credential of the client's own making: there is nothing to hold, or it was made for somebody else.
SELF = {"client_credentials", TOKEN_EXCHANGE, JWT_BEARER}

HARNESSES: Mapping[str, Harness] = {
    "authorization_code": Harness(code, "code", "code_missing", "code_unknown", "code_client", "code_replay"),
    "refresh_token": Harness(
        refresh, "refresh_token", "refresh_token_missing", "refresh_unknown", "refresh_client", "refresh_reuse"
    ),
    DEVICE_CODE: Harness(
        device, "device_code", "device_code_missing", "device_unknown", "device_client", "device_replay"
    ),
}
