"""`broker claims try`: what a tenant's rules make of somebody, rule by rule, without signing in.

The input is a JSON object of incoming claims: short name -> text, number, true, false or a list. With --raw it is what
the IdP sends: an ID token's claims (OIDC), or {"name_id", "name_id_format", "attributes": {name: [values]}} (SAML).
The tenant's hook is not asked; without --raw, the input may hold what it would say.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from broker import claims, configuration, policy
from broker.claims import Outcome, RuleTrace
from broker.cli.claims_explained import explained
from broker.cli.claims_input import Attributes, read_incoming, read_raw
from broker.cli.verb import add_config
from broker.connectors.saml import vouches
from broker.errors import AccessDenied, AssertionRejected, BrokerError
from broker.model import Client, Configuration, IdentityProvider, Tenant
from broker.oauth2 import scopes


class TryRefused(BrokerError):
    """What was asked for is not in the configuration, or the input is not what it should be."""

    code = "invalid_request"
    public = "This cannot be tried."


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parts = verbs.add_parser("claims", help="try claims rules").add_subparsers(metavar="PART", required=True)
    parser = parts.add_parser("try", help="what the rules make of somebody, rule by rule", description=__doc__)
    add_config(parser)
    parser.add_argument("--tenant", metavar="T", required=True)
    parser.add_argument("--idp", metavar="I", required=True, help="the identity provider that the person signs in at")
    parser.add_argument("--input", type=Path, metavar="FILE", required=True, help="JSON; - is standard input")
    parser.add_argument("--raw", action="store_true", help="the input is what the identity provider sends")
    parser.add_argument("--client", metavar="C", help="show claims and roles as this client's tokens would hold them")
    parser.add_argument("--explain", action="store_true", help="first, which row of the vendor profile made what")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: allowed; 1: denied."""
    deployment = configuration.load_deployment(args.config, os.environ)
    loaded = configuration.load(configuration.read_folder(args.config), deployment, environ=os.environ, revision=0)
    tenant, idp = _found(loaded, args.tenant, args.idp)
    client = _client(loaded, args.client)
    attributes, idp = _sent(_input(args.input), idp, raw=args.raw)
    said = {} if args.raw else attributes
    outcome = _shown(_outcome(loaded, tenant, idp, client, attributes, said), client)
    story = explained(idp, attributes, raw=args.raw) if args.explain else None
    if args.json:
        answer = _answer(outcome) | ({} if story is None else {"explained": story.members()})
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print("\n".join([*([] if story is None else story.lines()), _readable(outcome)]))
    return 0 if outcome.allowed else 1


def _found(loaded: Configuration, tenant_id: str, idp_id: str) -> tuple[Tenant, IdentityProvider]:
    tenant = loaded.tenants.get(tenant_id)
    if tenant is None:
        raise TryRefused("tenant_unknown", detail=f"--tenant is one of {', '.join(sorted(loaded.tenants)) or 'none'}")
    idp = tenant.identity_providers.get(idp_id)
    if idp is None:
        known = ", ".join(sorted(tenant.identity_providers))
        raise TryRefused("idp_unknown", detail=f"--idp is one of {known}")
    return tenant, idp


def _client(loaded: Configuration, client_id: str | None) -> Client | None:
    if client_id is None or client_id in loaded.clients:
        return None if client_id is None else loaded.clients[client_id]
    raise TryRefused("client_unknown", detail=f"--client is one of {', '.join(sorted(loaded.clients)) or 'none'}")


def _input(path: Path) -> object:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise TryRefused("input", detail=f"--input {path}: {error}") from error


def _sent(given: object, idp: IdentityProvider, *, raw: bool) -> tuple[Attributes, IdentityProvider]:
    """The input as a connector would give it, and the provider as it reads it: short names stay as they are."""
    try:
        attributes = read_raw(given, idp.protocol) if raw else read_incoming(given)
    except ValueError as error:
        raise TryRefused("input", detail=str(error)) from error
    return attributes, idp if raw else replace(idp, profile=replace(idp.profile, claim_names={}))


def _outcome(
    loaded: Configuration,
    tenant: Tenant,
    idp: IdentityProvider,
    client: Client | None,
    attributes: Attributes,
    said: Attributes,
) -> Outcome:
    """As a sign-in would go: the guard where a client is named, then the rules. said: in place of the tenant's hook."""
    try:
        if client is not None:
            policy.admit(loaded, client.client_id, tenant.id, idp.id, now=None)
        incoming = claims.told(tenant, claims.incoming_of(idp, attributes), said)
    except (AccessDenied, AssertionRejected) as refused:
        return Outcome(False, refused.reason, refused.public, {}, (), None, ())
    proven = incoming.get("email_verified") if idp.protocol in {"oidc", "oauth2"} else vouches(attributes)
    outcome = claims.apply(tenant, idp, incoming, email_verified=proven if isinstance(proven, bool) else None)
    return replace(outcome, notes=(*outcome.notes, *_unasked(tenant, said)))


def _unasked(tenant: Tenant, said: Attributes) -> tuple[str, ...]:
    if tenant.hook is None:
        return ()
    found = [name for name in tenant.hook.claims if name in said]
    told = f"as if it had said {', '.join(found)} as the input does" if found else "as if it had said nothing"
    return (f"the tenant's hook is not asked: this is {told}",)


def _shown(outcome: Outcome, client: Client | None) -> Outcome:
    """Narrowed to what the client's tokens would hold if it asked for all its scopes."""
    said = dict(outcome.claims)
    roles = outcome.roles
    if client is not None:
        wanted = scopes.claims_of(client.scopes, client)
        said = {name: value for name, value in said.items() if name in wanted}
        roles = tuple(role for role in roles if client.roles is None or role in client.roles)
        roles = roles if client.tenant_claims else ()
    if "email" in said and outcome.email_verified is not None:
        said["email_verified"] = outcome.email_verified
    return replace(outcome, claims=said, roles=roles)


def _answer(outcome: Outcome) -> dict[str, object]:
    """The contract's members; of a denial `reason` is what the person reads, and `check` what audit events say."""
    return {
        "outcome": "allowed" if outcome.allowed else "denied",
        "reason": outcome.message or outcome.reason,
        "check": outcome.reason,
        "claims": outcome.claims,
        "roles": outcome.roles,
        "rules": [asdict(line) for line in outcome.trace],
        "notes": outcome.notes,
    }


def _readable(outcome: Outcome) -> str:
    """One line a rule, then what would leave."""
    lines = ["Allowed." if outcome.allowed else f"Denied: {outcome.message} [{outcome.reason}]"]
    lines += [_rule(line) for line in outcome.trace]
    lines.append("Claims:" if outcome.claims else "Claims: none")
    lines += [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in outcome.claims.items()]
    lines.append(f"Roles: {', '.join(outcome.roles) or 'none'}")
    lines += [f"Note: {note}." for note in outcome.notes]
    return "\n".join(lines)


def _rule(line: RuleTrace) -> str:
    came = json.dumps(line.output, ensure_ascii=False) if line.applied else "not applied"
    why = f" ({line.reason})" if line.reason else ""
    return f"  rule {line.rule}  {line.kind:<5}  {came}{why}"
