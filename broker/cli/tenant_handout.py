"""`broker tenant handout`: exactly what the tenant's administrator must enter at their identity provider.

Names and addresses are those of the configuration; certificates come from the store where BROKER_DATABASE_URL or
broker.yaml names one, and are otherwise left to our metadata. No secret is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from broker import configuration
from broker.app import sp_keys
from broker.app.prepare import open_store
from broker.errors import BrokerError
from broker.handout import Handout, handout
from broker.model import Deployment, IdentityProvider, Tenant
from broker.seal import sqlite_path

FORMATS = ("markdown", "powershell", "text")


class HandoutRefused(BrokerError):
    """What was asked for is not in the configuration, or has no script."""

    code = "invalid_request"
    public = "There is no such handout."


def add(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser("handout", help="what the tenant's administrator must enter", description=__doc__)
    parser.add_argument("tenant", metavar="T")
    parser.add_argument("--config", type=Path, metavar="DIR", required=True, help="the configuration folder")
    parser.add_argument("--idp", metavar="I", help="one identity provider; left out: all of the tenant's")
    parser.add_argument("--format", choices=FORMATS, default="markdown", help="powershell: a script for AD FS")
    parser.add_argument("--json", action="store_true", help="answer in JSON: values, claims, and every format")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    deployment = configuration.load_deployment(args.config, os.environ)
    loaded = configuration.load(configuration.read_folder(args.config), deployment, environ=os.environ, revision=0)
    tenant = loaded.tenants.get(args.tenant)
    if tenant is None:
        raise HandoutRefused("tenant_unknown", detail=f"T is one of {', '.join(sorted(loaded.tenants)) or 'none'}")
    made = [_made(deployment, tenant, idp) for idp in _providers(tenant, args.idp)]
    print(_json(made) if args.json else _document(made, args.format), end="")
    return 0


def _providers(tenant: Tenant, idp: str | None) -> list[IdentityProvider]:
    if idp is None:
        return list(tenant.identity_providers.values())
    if idp not in tenant.identity_providers:
        raise HandoutRefused("idp_unknown", detail=f"--idp is one of {', '.join(sorted(tenant.identity_providers))}")
    return [tenant.identity_providers[idp]]


def _made(deployment: Deployment, tenant: Tenant, idp: IdentityProvider) -> Handout:
    certified = idp.protocol in {"saml", "wsfed"}
    return handout(deployment.issuer, tenant, idp, _certificates(deployment, idp) if certified else ())


def _certificates(deployment: Deployment, idp: IdentityProvider) -> Sequence[bytes]:
    """Ours for this IdP, DER, the signing one first. Nothing is made or changed here; none where there is no store."""
    if not _has_store(deployment.database_url):
        return ()
    try:
        store, _ = open_store(deployment, os.environ, lambda: 0.0)
        try:
            store.require_head()
            keys = store.deployment.keys(sp_keys.purpose(*_owner(idp)))
        finally:
            store.close()
    except BrokerError as error:
        print(f"broker: no certificates: {error.public} [{error.reason}]", file=sys.stderr)
        return ()
    shown = sorted((key for key in keys if key.state in {"active", "next"}), key=lambda key: key.state)
    return tuple(ssl.PEM_cert_to_DER_cert(key.public) for key in shown)


def _owner(idp: IdentityProvider) -> tuple[str, str] | tuple[()]:
    return (idp.tenant, idp.id) if idp.saml is not None and idp.saml.own_key else ()


def _has_store(url: str) -> bool:
    """A SQLite file that is not there yet would be made by looking."""
    path = sqlite_path(url)
    return path is None or path.is_file()


def _json(made: Sequence[Handout]) -> str:
    return json.dumps([{**asdict(one), "text": one.text} for one in made], indent=2, ensure_ascii=False) + "\n"


def _document(made: Sequence[Handout], form: str) -> str:
    if form == "powershell":
        scripts = [one.powershell for one in made if one.powershell is not None]
        if not scripts:
            raise HandoutRefused("no_script", detail="only AD FS has a script; leave --format out")
        return "\n".join(scripts)
    return "\n".join(one.text if form == "text" else one.markdown for one in made)
