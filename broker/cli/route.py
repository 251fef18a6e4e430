"""`broker route`: where a sign-in with these hints would go, and what every signal said. Nothing is signed in.

Parameters are those of /authorize: tenant, idp, login_hint, domain_hint, acr_values, redirect_uri, prompt. Without
--client, a client that every tenant may use stands in, with the redirect URIs of all clients.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from broker import configuration, home_realm
from broker.cli.verb import add_config
from broker.home_realm import ActiveTenant
from broker.model import ApplicationAuth, Client, Configuration, HomeRealm, Signal
from broker.oauth2 import redirect_uris

REFUSED = {
    "acr_tenants": "acr_values names more than one tenant.",
    "host": "The host is neither the issuer's nor one label below it.",
    "redirect_uri": "The redirect URI is none of the client's.",
}


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("route", help="where a sign-in would go, and why", description=__doc__)
    add_config(parser)
    parser.add_argument("--client", metavar="C", help="client_id of the application")
    parser.add_argument("--email", metavar="E", help="the address the person types")
    parser.add_argument("--host", metavar="H", help="the host the request comes to")
    parser.add_argument("--ip", type=_address, metavar="A", help="the browser's address")
    parser.add_argument(
        "--cookie", type=_realm, metavar="TENANT/IDP", action="append", default=[], help="used before, latest first"
    )
    parser.add_argument(
        "--param", type=_parameter, metavar="K=V", action="append", default=[], help="a parameter of /authorize"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """0: a redirect or the chooser; 1: the request would be refused; 2: bad usage or configuration."""
    deployment = configuration.load_deployment(args.config, os.environ)
    loaded = configuration.load(configuration.read_folder(args.config), deployment, environ=os.environ, revision=0)
    client = _anybody(loaded) if args.client is None else loaded.clients.get(args.client)
    if client is None:
        args.usage_error(f"there is no client {args.client!r}")
        return 2
    realm = _route(loaded, deployment.issuer, client, args, dict(args.param))
    print(json.dumps(_answer(realm), indent=2, ensure_ascii=False) if args.json else _readable(realm))
    return 1 if realm.outcome == "error" else 0


def _route(
    loaded: Configuration, issuer: str, client: Client, args: argparse.Namespace, asked: Mapping[str, str]
) -> HomeRealm:
    active = _active(loaded, issuer, client, args.host, asked)
    if active.reason is not None:
        return HomeRealm("error", None, None, None, _last(active.tried), active.tried, reason=active.reason)
    return home_realm.decide(
        loaded,
        client,
        asked_tenant=active.tenant,
        asked_idp=asked.get("idp"),
        email=args.email if args.email is not None else asked.get("login_hint"),
        domain_hint=asked.get("domain_hint"),
        ip=args.ip,
        remembered=tuple(args.cookie),
        ask="select_account" in asked.get("prompt", "").split(),
        tried=active.tried,
    )


def _active(
    loaded: Configuration, issuer: str, client: Client, host: str | None, asked: Mapping[str, str]
) -> ActiveTenant:
    named = {word.removeprefix("tenant:") for word in asked.get("acr_values", "").split() if word.startswith("tenant:")}
    if len(named) > 1:
        return _refused("acr_values", "acr_tenants")
    label = _host_label(issuer, host)
    if host is not None and label is None and not _is_issuer(issuer, host):
        return _refused("host", "host")
    redirect = redirect_uris.Match()
    if "redirect_uri" in asked:
        found = redirect_uris.match(client.redirect_uris, asked["redirect_uri"], any_loopback_port=client.public)
        if found is None:
            return _refused("redirect_uri", "redirect_uri")
        redirect = found
    return home_realm.active_tenant(
        loaded,
        tenant=asked.get("tenant"),
        acr_tenant=named.pop() if named else None,
        host_label=label,
        redirect_label=redirect.label,
    )


def _refused(signal: str, reason: str) -> ActiveTenant:
    return ActiveTenant(None, reason, (Signal(signal, REFUSED[reason]),))


def _is_issuer(issuer: str, host: str) -> bool:
    return host.lower() in {urlsplit(issuer).netloc, urlsplit(issuer).hostname}


def _host_label(issuer: str, host: str | None) -> str | None:
    """The label of `label.<issuer host>`, with or without the issuer's port; None: no tenant host."""
    label, _, parent = (host or "").lower().partition(".")
    return label if label and parent and _is_issuer(issuer, parent) else None


def _anybody(loaded: Configuration) -> Client:
    uris = tuple(uri for client in loaded.clients.values() for uri in client.redirect_uris)
    return Client("(any)", "Any client", uris, ApplicationAuth("none"))


def _answer(realm: HomeRealm) -> Mapping[str, object]:
    return {
        "outcome": realm.outcome,
        "tenant": realm.tenant,
        "idp": realm.idp,
        "signal": realm.signal,
        "tried": [{"signal": one.signal, "result": one.result} for one in realm.tried],
        "active_tenant": realm.active_tenant,
        "reason": realm.reason,
        "choices": [{"tenant": tenant, "idp": idp} for tenant, idp in realm.choices],
    }


def _readable(realm: HomeRealm) -> str:
    """One line for the decision, then a line a signal, in the order in which they were asked."""
    if realm.outcome == "redirect":
        decision = f"redirect to {realm.tenant}/{realm.idp}, decided by {realm.signal}"
        if realm.active_tenant not in {None, realm.tenant}:
            decision += f"; the token would speak for {realm.active_tenant}"
    elif realm.outcome == "chooser":
        shown = ", ".join("/".join(choice) for choice in realm.choices) or "the e-mail form alone"
        decision = f"chooser: {shown}"
    else:
        public = {**REFUSED, **home_realm.PUBLIC}[str(realm.reason)]
        decision = f"error {realm.reason}: {public}"
    return "\n".join([decision, *(f"  {one.signal:<12} {one.result}" for one in realm.tried)])


def _last(tried: tuple[Signal, ...]) -> str | None:
    return tried[-1].signal if tried else None


def _address(text: str) -> object:
    try:
        address = ip_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an IP address, such as 198.51.100.7") from None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _realm(text: str) -> tuple[str, str]:
    tenant, slash, idp = text.partition("/")
    if not (tenant and slash and idp):
        raise argparse.ArgumentTypeError("write TENANT/IDP, such as contoso/adfs")
    return tenant, idp


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("write K=V, such as tenant=contoso")
    return name, value
