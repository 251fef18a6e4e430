"""Which keys a `broker keys` verb is about: those that sign tokens, or those that prove us to identity providers.

(no flag)                   token keys
--sp                        the SAML key pair of the deployment
--sp --tenant T --idp I     that identity provider's own SAML pair (`sp_key: own`)
--tenant T --idp I          the same where it has one, else what signs our client assertions there
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from typing import Protocol

from broker.app import sp_keys
from broker.configuration.shapes.fields import ID_PATTERN
from broker.errors import InvalidRequest
from broker.store import DeploymentStore, StoredKey
from broker.tokens import rotation
from broker.tokens.rotation import Kind

RP_ALGORITHM = "RS256"

Rows = list[dict[str, object]]


class KeySet(Protocol):
    """publish_ahead: seconds that a key waits in public before it may sign. `rotate` answers what changed, by kid."""

    @property
    def purpose(self) -> str: ...
    @property
    def publish_ahead(self) -> int: ...
    def rotate(self, shelf: DeploymentStore, now: int, *, force: bool) -> Rows: ...
    def retire(self, shelf: DeploymentStore, kid: str, now: int, *, force: bool) -> None: ...
    def certificate(self, key: StoredKey) -> dict[str, object]:
        """What an administrator uploads and compares, where the key has a certificate."""


@dataclass(frozen=True, slots=True)
class Signing:
    """JSON Web Keys: of tokens, or of our client assertions towards one IdP, which may be made ahead of any use."""

    kind: Kind

    @property
    def purpose(self) -> str:
        return self.kind.purpose

    @property
    def publish_ahead(self) -> int:
        return self.kind.publish_ahead

    def rotate(self, shelf: DeploymentStore, now: int, *, force: bool) -> Rows:
        if self.kind is not rotation.TOKENS and not shelf.keys(self.purpose):
            rotation.ensure(shelf, StoredKey, [RP_ALGORITHM], now, self.kind)
            made = {key.state: key.kid for key in shelf.keys(self.purpose)}
            return [{"alg": RP_ALGORITHM, "retired": None, **made}]
        return [asdict(one) for one in rotation.rotate(shelf, StoredKey, now, force=force, kind=self.kind)]

    def retire(self, shelf: DeploymentStore, kid: str, now: int, *, force: bool) -> None:
        rotation.retire(shelf, StoredKey, kid, now, force=force, kind=self.kind)

    def certificate(self, key: StoredKey) -> dict[str, object]:
        jwk = json.loads(key.public)
        return {name: jwk[name] for name in ("x5t", "x5t#S256", "x5c") if name in jwk}


@dataclass(frozen=True, slots=True)
class Saml:
    """Key pairs with certificates, which identity providers load from our metadata."""

    purpose: str
    publish_ahead: int = sp_keys.PUBLISH_AHEAD

    def rotate(self, shelf: DeploymentStore, now: int, *, force: bool) -> Rows:
        return [{"alg": "RS256", **asdict(sp_keys.rotate(shelf, self.purpose, now, force=force))}]

    def retire(self, shelf: DeploymentStore, kid: str, now: int, *, force: bool) -> None:
        sp_keys.retire(shelf, self.purpose, kid, now, force=force)

    def certificate(self, key: StoredKey) -> dict[str, object]:
        return {"certificate": key.public, "sha256": sha256(PEM_cert_to_DER_cert(key.public)).hexdigest()}


def add(action: argparse.ArgumentParser) -> None:
    action.add_argument("--sp", action="store_true", help="the SAML key pair: the deployment's, or one IdP's own")
    action.add_argument("--tenant", metavar="T", help="with --idp: what proves us there")
    action.add_argument("--idp", metavar="I", help="an identity provider of that tenant")


def chosen(args: argparse.Namespace, shelf: DeploymentStore) -> KeySet:
    """Raises InvalidRequest where only one of --tenant and --idp is there, or either is no id."""
    place = (args.tenant, args.idp)
    if place == (None, None):
        return Saml(sp_keys.purpose()) if args.sp else Signing(rotation.TOKENS)
    if not all(isinstance(name, str) and re.fullmatch(ID_PATTERN, name) for name in place):
        raise InvalidRequest("usage", "--tenant and --idp go together, and both are ids.")
    own = Saml(sp_keys.purpose(args.tenant, args.idp))
    return own if args.sp or shelf.keys(own.purpose) else Signing(rotation.relying_party(args.tenant, args.idp))
