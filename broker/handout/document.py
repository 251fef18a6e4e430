"""A page with its placeholders filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from broker.handout.ours import values_of
from broker.handout.snippets import SNIPPETS
from broker.handout.wanted import Wanted, subject_names, wanted
from broker.model import IdentityProvider, Tenant

_PLACEHOLDER = re.compile(r"\{\{(q:)?([a-z_0-9]+)\}\}")
SIGN_OUT = """
## Signing out

Whoever signs out of an application is signed out at your identity provider too, and then sent back here. Register as
post-logout redirect URI, or at AD FS and Entra ID as one more redirect URI: `{{post_logout}}`
"""
_MARKS = re.compile(r"^(#+ |```\w*$)|`|\*\*")


@dataclass(frozen=True, slots=True)
class Handout:
    """values: our names and addresses. claims: what to send. powershell: None where there is no script."""

    tenant: str
    idp: str
    vendor: str
    protocol: str
    values: Mapping[str, str]
    claims: tuple[Wanted, ...]
    markdown: str
    powershell: str | None = None

    @property
    def text(self) -> str:
        """The page without its marks."""
        return "\n".join(_plain(line) for line in self.markdown.splitlines() if not line.startswith("```")) + "\n"


def handout(issuer: str, tenant: Tenant, idp: IdentityProvider, certificates: Sequence[bytes]) -> Handout:
    """certificates: ours, DER, the signing one first; empty where no store is at hand."""
    values, asked = values_of(issuer, tenant, idp, certificates), _asked(tenant, idp)
    markdown = _page(idp, "md")
    if markdown is None:
        raise LookupError(f"no page for protocol {idp.protocol}")
    if "post_logout" in values:
        markdown += SIGN_OUT
    script = _page(idp, "ps1")
    return Handout(
        tenant=tenant.id,
        idp=idp.id,
        vendor=idp.profile.name,
        protocol=idp.protocol,
        values=values,
        claims=asked,
        markdown=_filled(markdown, values, asked),
        powershell=None if script is None else _filled(script, values, asked),
    )


def _asked(tenant: Tenant, idp: IdentityProvider) -> tuple[Wanted, ...]:
    """What the rules need, and the attribute that the operator keys people by."""
    asked = wanted(tenant, idp)
    known = {one.name for one in asked}
    source = "an attribute that stays with a person for good and is never given to another"
    keys = (Wanted("the person", source, name) for name in subject_names(idp) if name not in known)
    return (*asked, *keys)


def _page(idp: IdentityProvider, kind: str) -> str | None:
    """The vendor's page, else the protocol's; a script is the vendor's alone."""
    names = (f"{idp.profile.name}-{idp.protocol}.{kind}", f"generic-{idp.protocol}.{kind}")
    for name in names:
        page = files(__package__).joinpath("pages", name)
        if page.is_file():
            return page.read_text(encoding="utf-8")
    return None


def _filled(page: str, values: Mapping[str, str], asked: Sequence[Wanted]) -> str:
    """{{name}} is the value, {{q:name}} as it stands between PowerShell's single quotes. An unknown name raises."""

    def fill(match: re.Match[str]) -> str:
        name = match[2]
        text = SNIPPETS[name](values, asked) if name in SNIPPETS else values[name]
        return text.replace("'", "''") if match[1] else text

    return _PLACEHOLDER.sub(fill, page)


def _plain(line: str) -> str:
    return _MARKS.sub("", line)
