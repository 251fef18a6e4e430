"""The pages people see. Stateless: what a page must remember travels in its own links and hidden fields.

    login            e-mail form and chooser in one        error            what happened, what to do, the reference
    switch           the organisations open to somebody who is signed in
    auto_post        a form on its way to an IdP           form_post        the answer on its way to an application
    logout_confirm   asks before it ends a session         signed_out       the end
    stayed           the answer was no
    device           asks for a device's code              approve          asks before anything is issued
    account          what a person may see of themselves and end

Names of organisations and applications are isolated (`<bdi>`) and escaped. No page needs JavaScript.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response

from broker.errors import BrokerError
from broker.web.headers import form_action
from broker.web.rendering import Rendering, template_folder

FRAME_SECONDS = 3  # what applications in frames have to sign out, before the browser goes on
NOT_CARRIED = frozenset({"login_hint", "home_realm"})  # the page's own answers

_ADMINISTRATOR = "If it happens again, tell your administrator."
# code -> (heading, what to do next, who to ask)
_ADVICE = {
    "access_denied": (
        "You cannot sign in here",
        "Go back to the application. If you have another account, try that one.",
        "Your organisation's administrator can tell you why.",
    ),
    "temporarily_unavailable": (
        "Sign-in is not answering",
        "Wait a minute, go back to the application and try again.",
        _ADMINISTRATOR,
    ),
    "invalid_request": (
        "This sign-in cannot continue",
        "Go back to the application and start again from there. Do not use an old bookmark or the back button.",
        "If it happens again, tell the people who run the application.",
    ),
    "not_found": (
        "There is no such page",
        "Check the address, or go back to the application and sign in from there.",
        "If a link brought you here, tell the people who gave it to you.",
    ),
}
_OURS = ("Something went wrong", "Go back to the application and try again.", _ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation on the page of /switch. who: the address that the person has at home; home: where that is, where
    it is another organisation. asks: choosing it means signing in again.
    """

    value: str
    name: str
    who: str | None
    home: str | None
    asks: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """shown: in UTC, for people; iso: for their programs (HTML §4.5.14)."""

    shown: str
    iso: str


@dataclass(frozen=True, slots=True)
class Line:
    """What can be ended by `value`: another session (no name), or what an application holds."""

    value: str
    since: Moment
    name: str | None = None
    seen: Moment | None = None
    wishes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One session on a person's own page. tenant_name: None where nothing may be shown but its end by `value`."""

    value: str
    since: Moment
    seen: Moment
    tenant_name: str | None = None
    idp_name: str | None = None
    who: str | None = None
    elsewhere: Sequence[Line] = ()
    accesses: Sequence[Line] = ()


class Pages:
    def __init__(self, issuer: str, folder: Path | None = None) -> None:
        self._issuer = issuer
        self._rendering = Rendering(folder or template_folder())

    def blueprint(self) -> Blueprint:
        return self._rendering.blueprint()

    def login(
        self,
        request_query: Mapping[str, str],
        tenant_name: str | None = None,
        choices: Sequence[tuple[str, str]] = (),
        email: str | None = None,
        problem: str | None = None,
        cancel_href: str | None = None,
        *,
        client_name: str | None = None,
        forget_href: str | None = None,
        switch_href: str | None = None,
        redirect_uri: str = "",
    ) -> Response:
        """The home realm page. request_query: what /authorize needs again; choices: (label, href).

        forget_href: makes this browser forget where its person signed in before. switch_href: the page for those who
        are signed in already. redirect_uri: where it all ends.
        """
        carried = {name: value for name, value in request_query.items() if name not in NOT_CARRIED}
        return self._rendering.page(
            "login.html",
            allow=form_action(self._issuer, redirect_uri),
            request_query=carried,
            tenant_name=tenant_name,
            choices=choices,
            email=email,
            problem=problem,
            cancel_href=cancel_href,
            client_name=client_name,
            forget_href=forget_href,
            switch_href=switch_href,
        )

    def switch(
        self,
        fields: Mapping[str, str],
        choices: Sequence[Choice],
        *,
        client_name: str,
        cancel_href: str,
        other_href: str,
        redirect_uri: str,
    ) -> Response:
        """The organisations that are open to this browser; POST /switch with `fields` picks one."""
        return self._rendering.page(
            "switch.html",
            allow=form_action(self._issuer, redirect_uri),
            fields=fields,
            choices=choices,
            client_name=client_name,
            cancel_href=cancel_href,
            other_href=other_href,
        )

    def error(
        self,
        error: BrokerError,
        reference: str,
        *,
        client_name: str | None = None,
        return_href: str | None = None,
    ) -> Response:
        heading, next_step, ask = _ADVICE.get(error.code, _OURS)
        return self._rendering.page(
            "error.html",
            status=error.status,
            heading=heading,
            public=error.public,
            next_step=next_step,
            ask=ask,
            reference=reference,
            client_name=client_name,
            return_href=return_href,
        )

    def signed_out(
        self, client_name: str | None = None, *, frames: Sequence[str] = (), leave_for: str | None = None
    ) -> Response:
        """The end. frames: addresses of applications that must learn of it here (Front-Channel Logout 1.0).

        leave_for: where the browser goes after `FRAME_SECONDS`, or by a link.
        """
        return self._rendering.page(
            "signed_out.html",
            frames=frames,
            client_name=client_name,
            leave_for=leave_for,
            seconds=FRAME_SECONDS,
        )

    def logout_confirm(self, fields: Mapping[str, str]) -> Response:
        """Asks by POST /logout with `fields`; afterwards the browser may go to `post_logout_redirect_uri`."""
        allow = form_action(self._issuer, fields.get("post_logout_redirect_uri", ""))
        return self._rendering.page("logout_confirm.html", allow=allow, fields=fields)

    def device(self, code: str, problem: str | None = None) -> Response:
        """Asks for the code that a device shows. The answer may lead to any identity provider."""
        status = 200 if problem is None else 400
        return self._rendering.page(
            "device.html", status=status, allow=form_action(self._issuer), code=code, problem=problem
        )

    def approve(
        self,
        fields: Mapping[str, str],
        *,
        client_name: str,
        tenant_name: str,
        person: str | None,
        wishes: Sequence[str],
        user_code: str | None,
        redirect_uri: str,
    ) -> Response:
        """What a client wants of a person. Answers by POST /consent with `fields` and `answer`.

        user_code: of the device that is let in; redirect_uri: where it goes on, where there is no device.
        """
        return self._rendering.page(
            "approve.html",
            allow=form_action(self._issuer, redirect_uri),
            fields=fields,
            client_name=client_name,
            tenant_name=tenant_name,
            person=person,
            wishes=wishes,
            user_code=user_code,
        )

    def account(self, parts: Sequence[Part]) -> Response:
        """A person's own page. What is pressed comes by POST /account, and may lead to an identity provider."""
        return self._rendering.page("account.html", allow=form_action(self._issuer), parts=parts)

    def device_let_in(self) -> Response:
        return self._rendering.page("told.html", heading="The device is connected", text="You can close this page.")

    def device_turned_away(self) -> Response:
        return self._rendering.page(
            "told.html", heading="The device was not connected", text="You can close this page."
        )

    def stayed(self) -> Response:
        """Who asked for the sign-out is not proven, so this leads to no address of theirs."""
        return self._rendering.page("stayed.html")

    def auto_post(
        self,
        url: str,
        fields: Mapping[str, str],
        cancel_href: str | None = None,
        *,
        leaving: bool = False,
        frames: Sequence[str] = (),
    ) -> Response:
        """`fields` on their way to the IdP's `url`, by a script where there is one, else by a visible button.

        leaving: to sign out there, not in. frames: as in `signed_out`; the script then waits for `FRAME_SECONDS`.
        """
        return self._rendering.page(
            "auto_post.html",
            allow=form_action(self._issuer, url),
            frames=frames,
            url=url,
            fields=fields,
            cancel_href=cancel_href,
            leaving=leaving,
            seconds=FRAME_SECONDS if frames else 0,
        )

    def form_post(self, redirect_uri: str, fields: Mapping[str, str]) -> Response:
        """The answer to a client by POST (OAuth 2.0 Form Post Response Mode); it may lead on to wherever it likes."""
        return self._rendering.page("form_post.html", allow=form_action(redirect_uri), url=redirect_uri, fields=fields)
