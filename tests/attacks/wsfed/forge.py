"""Ways to wrap, move, double and bend a token: what the rows are built with."""

from __future__ import annotations

import base64
from copy import deepcopy

from lxml import etree

from broker.model import Callback
from tests.attacks.wsfed.case import Context
from tests.idps.saml_signer import DS, signer, text
from tests.idps.wsfed_signer import NAMES, WST, envelope, sign_token, the_token


def forged(token: etree._Element, new_id: str = "_forged") -> etree._Element:
    """A copy under another id, without signature, that speaks of somebody else."""
    copy = deepcopy(token)
    copy.set("AssertionID", new_id)
    copy.remove(part(copy, "ds:Signature"))
    for name in copy.iterfind(".//saml:NameIdentifier", NAMES):
        name.text = "admin"
    return copy


def part(element: etree._Element, path: str) -> etree._Element:
    found = element.find(f".//{path}", NAMES)
    assert found is not None, path
    return found


def xsw3(_: Context, root: etree._Element) -> None:
    token = the_token(root)
    token.addprevious(forged(token))


def xsw4(_: Context, root: etree._Element) -> None:
    token = the_token(root)
    evil = forged(token)
    token.getparent().replace(token, evil)
    evil.append(token)


def xsw8(_: Context, root: etree._Element) -> None:
    token = the_token(root)
    evil, carrier = forged(token), deepcopy(part(token, "ds:Signature"))
    token.getparent().replace(token, evil)
    token.remove(part(token, "ds:Signature"))
    etree.SubElement(carrier, f"{{{DS}}}Object").append(token)
    evil.append(carrier)


def moved(_: Context, root: etree._Element) -> None:
    """The signed token in the envelope's margin, a forged one in its place."""
    token = the_token(root)
    token.getparent().replace(token, forged(token))
    root.append(token)


def twin(_: Context, root: etree._Element) -> None:
    root.append(forged(the_token(root), "_token"))


def decoy(_: Context, root: etree._Element) -> None:
    part(root, "saml:AttributeValue").append(forged(the_token(root)))


def unsigned(_: Context, root: etree._Element) -> None:
    token = the_token(root)
    token.remove(part(token, "ds:Signature"))


def signature_on_the_envelope(_: Context, root: etree._Element) -> None:
    root.append(part(root, "ds:Signature"))


def transplanted(ctx: Context, root: etree._Element) -> None:
    signature = part(root, "ds:Signature")
    signature.getparent().replace(signature, part(ctx.signed(assertion_id="_older"), "ds:Signature"))


def doubled_signature(_: Context, root: etree._Element) -> None:
    signature = part(root, "ds:Signature")
    signature.addnext(deepcopy(signature))


def bogus(_: Context, root: etree._Element) -> None:
    part(root, "ds:SignatureValue").text = base64.b64encode(b"\x01" * 256).decode()


def altered(_: Context, root: etree._Element) -> None:
    part(root, "saml:AttributeValue").text = "admin@contoso.com"


def key_value(_: Context, root: etree._Element) -> None:
    etree.SubElement(part(root, "ds:KeyInfo"), f"{{{DS}}}KeyValue")


def two_responses(ctx: Context) -> Callback:
    """A collection of an honest response and a forged one."""
    honest = text(ctx.signed()).decode()
    other = envelope(ctx.token(assertion_id="_forged").xml(), ctx.realm)
    name = "t:RequestSecurityTokenResponseCollection"
    return ctx.post(f'<{name} xmlns:t="{WST}">{other}{honest}</{name}>')


def other_place(ctx: Context) -> Callback:
    """The token stands in the envelope, but not where tokens stand."""
    token = text(the_token(ctx.signed())).decode()
    return ctx.post(envelope(f"<x>{token}</x>", ctx.realm))


def only(token: str):
    return lambda ctx: ctx.post(envelope(token, ctx.realm))


def by(whose: str, kind: str = "rsa2048"):
    return lambda ctx: ctx.post(ctx.signed(by=signer(whose, kind)))


def signed_after(find: str, put: str):
    """Wrong in the token's own shape, and signed like that."""

    def build(ctx: Context) -> Callback:
        xml = envelope(ctx.token().xml(), ctx.realm)
        assert find in xml, find
        root = etree.fromstring(xml.replace(find, put).encode())
        sign_token(the_token(root), ctx.idp)
        return ctx.post(root)

    return build
