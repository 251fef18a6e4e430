"""Ways to wrap, move, double and bend a signature: what the rows of `structure` are built with."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from broker.model import Callback
from tests.attacks.saml.case import Context
from tests.idps.saml_signer import DS, NS, SAML, SAMLP, assertion, resign, sign, text, tree

EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SIGNATURE = "ds:Signature"
TRANSFORM = f'<ds:Transform Algorithm="{EXC}"/>'
SECOND = (
    '<ds:Reference URI="{}"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)
CIPHER = (
    '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"><x:CipherData><x:CipherReference URI="{}"/>'
    "</x:CipherData></x:EncryptedData>"
)
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">{}</xsl:template>'
    "</xsl:stylesheet></ds:Transform>"
)
XPATH = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>'
    "count(//*[count(//*[count(//*) &gt; 0]) &gt; 0]) &gt; 0</ds:XPath></ds:Transform>"
)


def the(root: etree._Element, path: str) -> etree._Element:
    found = root.find(f".//{path}", NS)
    assert found is not None, path
    return found


def forged(original: etree._Element, new_id: str = "_forged") -> etree._Element:
    """A copy under another ID, without signature, that speaks of somebody else."""
    copy = deepcopy(original)
    copy.set("ID", new_id)
    for signature in copy.findall(".//ds:Signature", NS):
        parent = signature.getparent()
        assert parent is not None
        parent.remove(signature)
    the(copy, "saml:NameID").text = "admin"
    return copy


def without_signature(element: etree._Element) -> etree._Element:
    copy = deepcopy(element)
    copy.remove(the(copy, SIGNATURE))
    return copy


def shaped(change: Callable[[Context, etree._Element, etree._Element], etree._Element | None], what: str = "assertion"):
    """change(ctx, root, signature) acts on an honest tree; it may answer another root."""

    def build(ctx: Context) -> Callback:
        root = ctx.signed(what)
        other = change(ctx, root, the(root, SIGNATURE))
        return ctx.post(root if other is None else other)

    return build


def xsw1(_: Context, root: etree._Element, signature: etree._Element) -> etree._Element:
    evil = forged(root, "_evil")
    assertion(evil).set("ID", "_evilassertion")
    outer = deepcopy(signature)
    outer.append(without_signature(root))
    evil.insert(1, outer)
    return evil


def xsw2(_: Context, root: etree._Element, signature: etree._Element) -> etree._Element:
    evil = forged(root, "_evil")
    assertion(evil).set("ID", "_evilassertion")
    evil.insert(1, deepcopy(signature))
    evil.insert(2, without_signature(root))
    return evil


def xsw3(_: Context, root: etree._Element, __: etree._Element) -> None:
    root.insert(root.index(assertion(root)), forged(assertion(root)))


def xsw4(_: Context, root: etree._Element, __: etree._Element) -> None:
    original = assertion(root)
    evil = forged(original)
    root.replace(original, evil)
    evil.append(original)


def xsw5(_: Context, root: etree._Element, signature: etree._Element) -> None:
    original = assertion(root)
    evil = forged(original)
    evil.insert(1, deepcopy(signature))
    root.append(evil)
    root.replace(original, evil)
    root.append(without_signature(original))


def xsw6(_: Context, root: etree._Element, signature: etree._Element) -> None:
    original = assertion(root)
    evil = forged(original)
    carrier = deepcopy(signature)
    carrier.append(without_signature(original))
    evil.insert(1, carrier)
    root.replace(original, evil)


def xsw7(_: Context, root: etree._Element, __: etree._Element) -> None:
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(forged(assertion(root)))
    root.insert(1, extensions)


def xsw8(_: Context, root: etree._Element, signature: etree._Element) -> None:
    original = assertion(root)
    evil = forged(original)
    carrier = deepcopy(signature)
    etree.SubElement(carrier, f"{{{DS}}}Object").append(without_signature(original))
    evil.insert(1, carrier)
    root.replace(original, evil)


def twin(_: Context, root: etree._Element, __: etree._Element) -> None:
    root.append(forged(assertion(root), "_assertion"))


def advice(_: Context, root: etree._Element, __: etree._Element) -> None:
    original = assertion(root)
    evil = forged(original)
    root.replace(original, evil)
    holder = etree.Element(f"{{{SAML}}}Advice")
    holder.append(original)
    evil.insert(3, holder)


def status_detail(_: Context, root: etree._Element, __: etree._Element) -> None:
    detail = etree.SubElement(the(root, "samlp:Status"), f"{{{SAMLP}}}StatusDetail")
    detail.append(deepcopy(assertion(root)))
    the(assertion(root), "saml:NameID").text = "admin"


def decoy_in(path: str) -> Callable[[Context, etree._Element, etree._Element], None]:
    def change(_: Context, root: etree._Element, __: etree._Element) -> None:
        the(root, path).append(forged(assertion(root)))

    return change


def transplanted(ctx: Context, root: etree._Element, signature: etree._Element) -> None:
    """A good signature of an older message of this IdP under this one."""
    older = ctx.signed(assertion_id="_older")
    signature.getparent().replace(signature, the(older, SIGNATURE))


def moved_to(path: str) -> Callable[[Context, etree._Element, etree._Element], None]:
    def change(_: Context, root: etree._Element, signature: etree._Element) -> None:
        the(root, path).append(signature)

    return change


def doubled(path: str) -> Callable[[Context, etree._Element, etree._Element], None]:
    def change(_: Context, root: etree._Element, __: etree._Element) -> None:
        one = the(root, path)
        one.addnext(deepcopy(one))

    return change


def removed(path: str) -> Callable[[Context, etree._Element, etree._Element], None]:
    def change(_: Context, root: etree._Element, __: etree._Element) -> None:
        one = the(root, path)
        one.getparent().remove(one)

    return change


def swapped(_: Context, root: etree._Element, __: etree._Element) -> None:
    transforms = the(root, "ds:Transforms")
    transforms.append(transforms[0])


def key_info(xml: str) -> Callable[[Context, etree._Element, etree._Element], None]:
    def change(_: Context, root: etree._Element, __: etree._Element) -> None:
        the(root, "ds:KeyInfo").append(tree(f'<x xmlns:ds="{DS}">{xml}</x>')[0])

    return change


def hmac_with_certificate(ctx: Context, root: etree._Element, signature: etree._Element) -> None:
    the(root, "ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    the(root, "ds:SignatureValue").text = base64.b64encode(ctx.idp.certificate.encode()[:32]).decode()


def truncated_hmac(_: Context, root: etree._Element, __: etree._Element) -> None:
    etree.SubElement(the(root, "ds:SignatureMethod"), f"{{{DS}}}HMACOutputLength").text = "8"


def signed_badly(**replaced: str) -> Callable[[Context], Callback]:
    """An honest tree changed by text and then signed again, so that only the structure is wrong."""

    def build(ctx: Context) -> Callback:
        raw = ctx.answer().xml()
        for find, put in zip(replaced["find"].split("|"), replaced["put"].split("|"), strict=True):
            assert find in raw, find
            raw = raw.replace(find, put)
        root = tree(raw)
        sign(assertion(root), ctx.idp)
        return ctx.post(root)

    return build


def by(whose: str) -> Callable[[Context], Callback]:
    def build(ctx: Context) -> Callback:
        return ctx.post(ctx.signed(by=getattr(ctx, whose)))

    return build


def raw(make: Callable[[bytes], bytes]) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(make(text(ctx.signed())))


def crowd(size: int) -> str:
    return "<a " + " ".join(f'a{i}=""' for i in range(size)) + "/>"


def bogus(_: Context, root: etree._Element, __: etree._Element) -> None:
    the(root, "ds:SignatureValue").text = base64.b64encode(b"\x01" * 256).decode()


def altered(_: Context, root: etree._Element, __: etree._Element) -> None:
    the(root, "saml:AttributeValue").text = "admin@contoso.com"


def resigned_inclusive(ctx: Context, root: etree._Element, signature: etree._Element) -> None:
    the(root, "ds:CanonicalizationMethod").set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    resign(signature, ctx.idp)
