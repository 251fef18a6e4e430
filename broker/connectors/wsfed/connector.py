"""The WS-Federation connector: `finish` is the whole verification, read top to bottom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode, urlsplit

from broker import assurance
from broker.assurance import method_values, methods_of
from broker.connectors.connector import Finding, Surroundings
from broker.connectors.missing_groups import MissingGroups
from broker.connectors.saml.checks import authn_of
from broker.connectors.saml.examination import examine
from broker.connectors.saml.subject import attributes_of, subject_of, vouches
from broker.connectors.saml.trust import Trust
from broker.connectors.wsfed import checks
from broker.connectors.wsfed.answer import context_of, result_of
from broker.connectors.wsfed.checks import Expected
from broker.connectors.wsfed.request import sign_in_url, sign_out_url
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import AuthRequest, Begun, Callback, Identity, IdentityProvider, Redirect
from broker.xml import encryption_shape, federation, rstr
from broker.xml.gate import Gated
from broker.xml.metadata import IdpMetadata
from broker.xml.response import Response, instant

CORRELATION = {
    "missing": "unsolicited",
    "unknown": "wctx",
    "tenant": "wctx_tenant",
    "expired": "request_expired",
    "consumed": "request_consumed",
    "browser": "wctx_browser",
}


class WsFedConnector:
    event = "wsfed"
    path = "callback"
    correlation: Mapping[str, str] = CORRELATION

    def __init__(self, idp: IdentityProvider, surroundings: Surroundings) -> None:
        if idp.wsfed is None:
            raise ValueError(f"{idp.tenant}/{idp.id} is not a WS-Federation identity provider")
        self._idp = idp
        self._settings = idp.wsfed
        self._clock = surroundings.clock
        self._sp_keys = surroundings.sp_keys
        self._trust = Trust(
            idp, idp.wsfed.metadata, idp.wsfed.entity_id, surroundings, kind=federation.SECURITY_TOKEN_SERVICE
        )
        self._groups = MissingGroups(idp, surroundings, self.event)
        at = f"{surroundings.issuer}/t/{idp.tenant}/wsfed/{idp.id}"
        self._callback = f"{at}/{self.path}"
        self._realm = idp.wsfed.wtrealm or f"{at}/metadata"

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        url = sign_in_url(
            self._trust.current().sso_url,
            request,
            realm=self._realm,
            reply=callback_url,
            now=self._clock(),
            whr=self._home_realm(request),
            wauth=self._settings.wauth or _several_factors(self._idp, request),
        )
        return Begun(Redirect(url), {})

    def correlate(self, callback: Callback) -> str | None:
        return context_of(callback)

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        if context_of(callback) != request.id:
            raise AssertionRejected("wctx", detail="the answer belongs to another request")
        gated, idp = self._proven(rstr.open_rstr(result_of(callback)))
        token = rstr.read(gated)
        checks.check(token, self._expected(request, callback_url, idp))
        return self._identity(token)

    def renew(self) -> float:
        return self._trust.renew()

    def examine(self) -> Iterator[Finding]:
        settings = self._settings
        return examine(self._trust, self._idp, settings.metadata, settings.entity_id is not None, self._clock())

    def approve(self, digest: str) -> tuple[str, ...]:
        return self._trust.approve(digest)

    def metadata(self, callback_url: str) -> tuple[str, bytes]:
        document = federation.metadata(
            realm=self._realm,
            callback=callback_url,
            certificates=self._sp_keys(self._idp).published,
            allow_cbc=self._settings.allow_cbc,
        )
        return federation.MEDIA_TYPE, document

    def sign_out(self, known: Mapping[str, str], name: str) -> Begun:  # noqa: ARG002  the seam's signature
        """The browser signs out there and comes back to our callback with `name`. Raises UpstreamUnavailable."""
        back = f"{self._callback}?{urlencode({'name': name})}"
        return Begun(Redirect(sign_out_url(self._trust.current().sso_url, reply=back)), {})

    def is_at(self, url: str) -> bool:
        """Whether an address is on the IdP's own host, as its metadata has it.

        Only of visible ASCII: `urlsplit` drops line breaks and tabs, which a `Location` cannot carry.
        """
        if not all("!" <= letter <= "~" for letter in url):
            return False
        try:
            own, other = urlsplit(self._trust.current().sso_url), urlsplit(url)
        except (UpstreamUnavailable, ValueError):
            return False
        return bool(other.netloc) and (own.scheme, own.netloc) == (other.scheme, other.netloc)

    def _home_realm(self, request: AuthRequest) -> str | None:
        """`whr`: the configured one, else the client's `domain_hint` where the vendor may hear it."""
        hinted = request.domain_hint if "domain_hint" in self._idp.profile.hints else None
        return self._settings.whr or hinted

    def _proven(self, gated: Gated) -> tuple[Gated, IdpMetadata]:
        """In the clear and verified. Anybody can encrypt to our certificate: only the signature inside says who did."""
        keys, allow_cbc = self._sp_keys(self._idp).decrypting, self._settings.allow_cbc
        if gated.encrypted is not None:
            encryption_shape.check_content(gated.encrypted, allow_cbc=allow_cbc)
            self._trust.current()  # where it is not to be had, that shows before a decryption, never after one
        plain = rstr.opened(gated, keys)
        idp = self._verified(plain)
        return rstr.with_name_id(plain, keys, allow_cbc=allow_cbc), idp

    def _verified(self, gated: Gated) -> IdpMetadata:
        """With today's keys; where none fits, once more with refreshed ones."""
        idp = self._trust.current()
        try:
            rstr.verify(gated, _keys(idp))
        except AssertionRejected as refusal:
            fresh = self._trust.refresh(idp) if refusal.reason == "signature_invalid" else None
            if fresh is None:
                raise
            rstr.verify(gated, _keys(fresh))
            return fresh
        return idp

    def _expected(self, request: AuthRequest, callback_url: str, idp: IdpMetadata) -> Expected:
        return Expected(
            acs=callback_url,
            audience=self._realm,
            issuer=idp.entity_id,
            request_id="",
            now=self._clock(),
            skew=self._idp.skew_seconds,
            fresh_since=_fresh_since(request),
            wauth=self._settings.wauth,
        )

    def _identity(self, token: Response) -> Identity:
        assertion, authn, profile = token.assertion, authn_of(token), self._idp.profile
        upstream, attributes = assertion.issuer.value, attributes_of(assertion)
        ends = authn.session_not_on_or_after
        return Identity(
            tenant=self._idp.tenant,
            idp=self._idp.id,
            upstream=upstream,
            subject=subject_of(
                attributes, self._settings.subject or profile.subject, accept_mutable=self._idp.accept_mutable
            ),
            attributes=self._groups.filled_in_of(attributes, upstream),
            email_verified=vouches(attributes),
            acr=authn.class_ref,
            amr=methods_of(profile, authn.class_ref, method_values(profile, attributes)),
            auth_time=int(instant(authn.instant, "authn_instant")),
            session_ends=None if ends is None else int(instant(ends, "session_time")),
            replay_key=hashlib.sha256(f"{upstream}\n{assertion.id}".encode()).hexdigest(),
            replay_until=int(checks.valid_until(token)) + self._idp.skew_seconds + 1,
        )


def _several_factors(idp: IdentityProvider, request: AuthRequest) -> str | None:
    """The `wauth` that asks for them, where they are wanted: there is room for one."""
    return next(iter(assurance.classes(idp)), None) if request.multi_factor else None


def _fresh_since(request: AuthRequest) -> int | None:
    """What `wfresh` asked for, checked."""
    if request.reauthenticate:
        return request.created_at
    return None if request.max_age is None else request.created_at - request.max_age


def _keys(idp: IdpMetadata) -> list[str]:
    return [certificate.pem for certificate in idp.certificates]
