"""`broker claims try --explain`: what the vendor profile made of what was sent, before any rule ran."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from broker import claims
from broker.assurance import method_values, methods_of
from broker.claims import Source
from broker.cli.claims_input import Attributes
from broker.connectors.oidc.identity import subject_of as subject_of_claims
from broker.connectors.saml.subject import subject_of as subject_of_assertion
from broker.errors import AssertionRejected
from broker.model import IdentityProvider


@dataclass(frozen=True, slots=True)
class Explained:
    """subject: candidate -> what it gives (its reason where it gives nothing); None: the input is no raw one."""

    sources: tuple[Source, ...]
    subject: tuple[tuple[str, str], ...] | None
    amr: tuple[str, ...]

    def members(self) -> Mapping[str, object]:
        tried = None if self.subject is None else [{"candidate": name, "gives": what} for name, what in self.subject]
        return {"incoming": [asdict(source) for source in self.sources], "subject": tried, "amr": self.amr}

    def lines(self) -> list[str]:
        found = ["Incoming:", *map(_line, self.sources)]
        if self.subject is not None:
            found += ["Known by:", *(f"  {name}: {what}" for name, what in self.subject)]
        return [*found, f"Methods: {', '.join(self.amr) or 'no evidence'}"]


def explained(idp: IdentityProvider, attributes: Attributes, *, raw: bool) -> Explained:
    acr = next((value for value in attributes.get("acr", ()) if isinstance(value, str)), None)
    return Explained(
        sources=claims.explain(idp, attributes),
        subject=_subject(idp, attributes) if raw else None,
        amr=methods_of(idp.profile, acr, method_values(idp.profile, attributes)),
    )


def _subject(idp: IdentityProvider, attributes: Attributes) -> tuple[tuple[str, str], ...]:
    """Each candidate until one gives a subject, as at a sign-in."""
    settings = idp.saml or idp.wsfed or idp.oidc or idp.oauth2
    tried = []
    for candidate in (settings.subject if settings else ()) or idp.profile.subject:
        try:
            tried.append((candidate, _one(idp, attributes, candidate)))
        except AssertionRejected as refused:
            tried.append((candidate, f"nothing [{refused.reason}]"))
        else:
            break
    return tuple(tried)


def _one(idp: IdentityProvider, attributes: Attributes, candidate: str) -> str:
    if idp.protocol in {"oidc", "oauth2"}:
        return subject_of_claims((candidate,), attributes)
    return subject_of_assertion(attributes, (candidate,), accept_mutable=idp.accept_mutable)


def _line(source: Source) -> str:
    if source.name is None:
        return f"  {source.sent}: no claim ({source.row})"
    used = "" if source.used else ", not used: another name comes first, or it is empty"
    shown = json.dumps(source.name, ensure_ascii=False)
    return f"  {source.sent} -> {shown} {source.type} ({source.row}; {source.typed}{used})"
