"""The SAML connector: `finish` is the whole verification, read top to bottom."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping

from broker import assurance
from broker.assurance import method_values, methods_of
from broker.connectors.chain import chain_of
from broker.connectors.connector import Finding, SpKeys, Surroundings, Target
from broker.connectors.missing_groups import MissingGroups
from broker.connectors.saml import checks
from broker.connectors.saml.checks import Expected
from broker.connectors.saml.examination import examine
from broker.connectors.saml.logout import SingleLogout
from broker.connectors.saml.proof import prove
from broker.connectors.saml.status import check_status
from broker.connectors.saml.subject import attributes_of, logout_of, subject_of, vouches
from broker.connectors.saml.trust import Trust
from broker.errors import AssertionRejected
from broker.model import AuthRequest, Begun, Callback, Identity, IdentityProvider, PostForm, Redirect
from broker.model.sign_in import ANY_AGE
from broker.xml import authn_request, bindings, gate, sp
from broker.xml.authn_request import AuthnRequest
from broker.xml.gate import Gated
from broker.xml.metadata import IdpMetadata, MetadataRefused
from broker.xml.response import Response, instant, read, unverified_in_response_to, unverified_status

CORRELATION = {
    "missing": "unsolicited",
    "unknown": "in_response_to",
    "tenant": "in_response_to",
    "expired": "request_expired",
    "consumed": "request_consumed",
    "browser": "in_response_to",
}


class SamlConnector:
    event = "saml"
    path = "acs"
    correlation: Mapping[str, str] = CORRELATION

    def __init__(self, idp: IdentityProvider, surroundings: Surroundings) -> None:
        if idp.saml is None:
            raise ValueError(f"{idp.tenant}/{idp.id} is not a SAML identity provider")
        self._idp = idp
        self._settings = idp.saml
        self._surroundings = surroundings
        self._trust = Trust(idp, idp.saml.metadata, idp.saml.entity_id, surroundings)
        self._groups = MissingGroups(idp, surroundings, self.event)
        self._at = f"{surroundings.issuer}/t/{idp.tenant}/saml/{idp.id}"
        self._entity_id = idp.saml.sp_entity_id or f"{self._at}/metadata"
        self.logout = SingleLogout(idp, self._trust, surroundings, entity_id=self._entity_id, url=f"{self._at}/slo")

    def begin(self, request: AuthRequest, callback_url: str) -> Begun:
        idp = self._trust.current()
        by_post = self._posts(idp)
        asked = AuthnRequest(
            id=f"_{secrets.token_hex(20)}",
            issuer=self._entity_id,
            destination=by_post or idp.sso_url,
            acs=callback_url,
            issue_instant=self._surroundings.clock(),
            force_authn=request.reauthenticate or request.max_age not in {None, ANY_AGE},
            name_id_format=self._settings.name_id_format,
            class_refs=self._settings.authn_context or (assurance.classes(self._idp) if request.multi_factor else ()),
            comparison=self._settings.authn_comparison,
        )
        key = self._keys().active
        signing = (key.private_key, key.certificate) if self._signs(idp) else None
        memory = {"request_id": asked.id}
        if by_post is None:
            url = authn_request.redirect_url(asked, request.id, signing[0] if signing else None)
            return Begun(Redirect(url), memory)
        fields = authn_request.form_fields(asked, request.id, signing)
        return Begun(PostForm(by_post, fields), memory)

    def correlate(self, callback: Callback) -> str | None:
        """By RelayState, which is the request's id. Without one, an answer that names a request was tampered with.

        Where the IdP's own portal may start a sign-in, its RelayState is whatever its administrator typed.
        """
        response_field(callback)
        state = relay_state_of(callback)
        if state and not self._settings.unsolicited:
            return state
        if unverified_asked_for(callback) is None:
            return None
        if not state:
            raise AssertionRejected("in_response_to", detail="names a request, but came without its RelayState")
        return state

    def finish(self, request: AuthRequest, callback: Callback, callback_url: str) -> Identity:
        return self._proven(callback, callback_url, request.memory["request_id"], _fresh_since(request))

    def target(self, callback: Callback) -> Target | None:
        """RelayState chooses among the allowed ones, by client_id or link; anything else leads to the first of them."""
        allowed = self._settings.unsolicited
        if not allowed or self.correlate(callback) is not None:
            return None
        state = relay_state_of(callback)
        for client_id, link in allowed:
            if state in (client_id, link) and state is not None:
                return Target(client_id, link)
        return Target(*allowed[0], ignored=bool(state))

    def unsolicited(self, callback: Callback, callback_url: str) -> Identity:
        """The same for an answer that nobody asked for, which therefore names no request anywhere (SM-20)."""
        return self._proven(callback, callback_url, None, None)

    def renew(self) -> float:
        return self._trust.renew()

    def examine(self) -> Iterator[Finding]:
        settings, now = self._settings, self._surroundings.clock()
        return examine(self._trust, self._idp, settings.metadata, settings.entity_id is not None, now)

    def approve(self, digest: str) -> tuple[str, ...]:
        return self._trust.approve(digest)

    def sign_out(self, known: Mapping[str, str], name: str) -> Begun | None:
        return self.logout.ask(known, name)

    def metadata(self, callback_url: str) -> tuple[str, bytes]:
        document = sp.metadata(
            entity_id=self._entity_id,
            acs=callback_url,
            slo=f"{self._at}/slo",
            certificates=self._keys().published,
            allow_cbc=self._settings.allow_cbc,
            sign_requests=self._settings.sign_requests is True,
            want_assertions_signed=self._settings.want_signed != "response",
            name_id_format=self._settings.name_id_format,
        )
        return sp.MEDIA_TYPE, document

    def _signs(self, idp: IdpMetadata) -> bool:
        asked = self._settings.sign_requests
        return idp.wants_signed_requests if asked is None else asked

    def _keys(self) -> SpKeys:
        return self._surroundings.sp_keys(self._idp)

    def _posts(self, idp: IdpMetadata) -> str | None:
        """The address for a form, where that is configured or the only way; None: a redirect."""
        wanted = self._settings.request_binding
        if wanted == "post" and idp.sso_post is None:
            raise MetadataRefused("metadata_no_sso", detail="request_binding is post, and it takes no forms")
        only_way = wanted is None and not idp.takes_redirects
        return idp.sso_post if wanted == "post" or only_way else None

    def _proven(
        self, callback: Callback, callback_url: str, request_id: str | None, fresh_since: int | None
    ) -> Identity:
        gated = opened(callback)
        check_status(unverified_status(gated))
        proven = prove(gated, self._trust, self._keys().decrypting, self._settings)
        response = read(proven.gated, proven.signed)
        expected = Expected(
            acs=callback_url,
            audience=self._entity_id,
            issuer=proven.idp.entity_id,
            request_id=request_id,
            now=self._surroundings.clock(),
            skew=self._idp.skew_seconds,
            fresh_since=fresh_since,
            authn_context=self._settings.authn_context,
            authn_comparison=self._settings.authn_comparison,
        )
        checks.check(response, expected)
        return self._identity(response)

    def _identity(self, response: Response) -> Identity:
        assertion, authn = response.assertion, checks.authn_of(response)
        ends = authn.session_not_on_or_after
        upstream, attributes = assertion.issuer.value, attributes_of(assertion)
        return Identity(
            tenant=self._idp.tenant,
            idp=self._idp.id,
            upstream=upstream,
            subject=subject_of(
                attributes,
                self._settings.subject or self._idp.profile.subject,
                accept_mutable=self._idp.accept_mutable,
            ),
            attributes=self._groups.filled_in_of(attributes, upstream),
            email_verified=vouches(attributes),
            acr=authn.class_ref,
            amr=methods_of(self._idp.profile, authn.class_ref, method_values(self._idp.profile, attributes)),
            auth_time=int(instant(authn.instant, "authn_instant")),
            session_ends=None if ends is None else int(instant(ends, "session_time")),
            logout=logout_of(assertion, authn.session_index, self._entity_id),
            replay_key=hashlib.sha256(f"{upstream}\n{assertion.id}".encode()).hexdigest(),
            replay_until=int(checks.valid_until(response)) + self._idp.skew_seconds + 1,
            chain=chain_of(upstream, authn.authorities, [self._surroundings.issuer, self._entity_id]),
        )


def _fresh_since(request: AuthRequest) -> int | None:
    """SAML can only ask for a new authentication; what max_age allows counts back from the moment we asked."""
    if request.reauthenticate:
        return request.created_at
    return None if request.max_age is None else request.created_at - request.max_age


def response_field(callback: Callback) -> str:
    """POST with SAMLResponse exactly once; a repeated one is never first-wins."""
    if callback.method != "POST":
        raise AssertionRejected("binding", detail="not HTTP-POST")
    fields = callback.form.get("SAMLResponse", ())
    if len(fields) != 1 or not fields[0]:
        raise AssertionRejected("saml_response", detail=f"{len(fields)} SAMLResponse fields")
    return fields[0]


def unverified_asked_for(callback: Callback) -> str | None:
    """The request that the answer names. What went through the gate for it waits for `finish`, which takes it away."""
    field = response_field(callback)
    gated = callback.read.get(field)
    if not isinstance(gated, Gated):
        callback.read[field] = gated = gate.open_response(field)
    return unverified_in_response_to(gated)


def opened(callback: Callback) -> Gated:
    """Through the gate once, and verified once: a tree that was looked into before is nobody else's afterwards."""
    field = response_field(callback)
    gated = callback.read.pop(field, None)
    return gated if isinstance(gated, Gated) else gate.open_response(field)


def relay_state_of(callback: Callback) -> str | None:
    states = callback.form.get("RelayState", ())
    if len(states) > 1:
        raise AssertionRejected("relay_state", detail="repeated")
    return bindings.relay_state(states[0]) if states else None
