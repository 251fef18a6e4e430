"""Pins, and the day on which a secret ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker import configuration
from broker.model import IdentityProvider

from .folders import write
from .test_good_examples import loaded

FINGERPRINT = "0123456789abcdef" * 4
COLONS = ":".join(FINGERPRINT[at : at + 2] for at in range(0, 64, 2)).upper()


def provider(folder: Path, **keys: Any) -> IdentityProvider:
    tenant = {"id": "contoso", "identity_providers": [{"id": "up", **keys}]}
    write(folder, {"tenants/contoso.yaml": json.dumps(tenant)})
    environ = {"SECRET": "the secret of the upstream"}
    assert configuration.check(folder, environ) == []
    return loaded(folder, environ).tenants["contoso"].identity_providers["up"]


@pytest.mark.parametrize("written", [FINGERPRINT, COLONS, FINGERPRINT.upper()])
def test_a_pin_may_be_written_as_tools_print_it(tmp_path: Path, written: str) -> None:
    metadata = {"url": "https://idp.example.com/md", "pin": [written]}
    found = provider(tmp_path, protocol="saml", vendor="shibboleth", metadata=metadata).saml
    assert found is not None
    assert found.metadata.pin == (FINGERPRINT,)


@pytest.mark.parametrize("protocol", ["oidc", "oauth2"])
def test_a_secret_s_end_is_the_first_moment_of_that_day(tmp_path: Path, protocol: str) -> None:
    keys: dict[str, object] = {"client_id": "a", "client_secret": {"env": "SECRET"}}
    more = {"issuer": "https://op.example.com"} if protocol == "oidc" else {"vendor": "github"}
    found = provider(tmp_path, protocol=protocol, client_secret_expires="2027-01-31", **keys, **more)
    settings = found.oidc or found.oauth2
    assert settings is not None
    assert settings.client_secret_expires == datetime(2027, 1, 31, tzinfo=UTC).timestamp()


def test_a_date_needs_no_quotes(tmp_path: Path) -> None:
    lines = (
        "id: contoso\nidentity_providers:\n"
        "  - {id: up, protocol: oidc, issuer: 'https://op.example.com', client_id: a, client_secret: {env: SECRET},\n"
        "     client_secret_expires: 2027-01-31}\n"
    )
    write(tmp_path, {"tenants/contoso.yaml": lines})
    assert configuration.check(tmp_path, {"SECRET": "the secret of the upstream"}) == []
