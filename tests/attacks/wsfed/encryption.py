"""Rows SE-01 to SE-15 over WS-Federation: everything is encrypted to our true certificate, as anybody can."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from lxml import etree

from broker.model import Callback
from tests.attacks.saml.encryption import ID_VALUE, flipped, wrapped_by
from tests.attacks.saml.forge import CIPHER
from tests.attacks.wsfed.case import Case, Context
from tests.idps.saml_encryptor import CBC256, RSA15, XENC, XENC11, Envelope
from tests.idps.saml_signer import DS, signer, text, tree
from tests.idps.wsfed_signer import envelope, the_token

Build = Callable[[Context], Callback]

SAML20 = "urn:oasis:names:tc:SAML:2.0:assertion"
SECOND = b'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="_b"/>'
SAML11_SECOND = SECOND.decode()


def holder(ctx: Context, plain: bytes, **how: object) -> str:
    assert ctx.sp is not None
    return Envelope(ctx.sp).but(**how).seal(plain)


def encrypted(
    ctx: Context, token: etree._Element, *, wrapped: bool = False, plain: object = None, **how: object
) -> str:
    """The envelope with `token` in an EncryptedData, bare as AD FS writes it, or wrapped as SAML 2.0 has it."""
    content = text(token)
    sealed = holder(ctx, plain(content) if callable(plain) else content, **how)
    return envelope(sealed if wrapped else bare(sealed), ctx.realm, ctx.trust)


def bare(sealed: str) -> str:
    return text(tree(sealed)[0]).decode()


def sealed(**how: object) -> Build:
    return lambda ctx: ctx.post(encrypted(ctx, the_token(ctx.signed()), **how))


def sealed20(**how: object) -> Build:
    return lambda ctx: ctx.post(encrypted(ctx, the_token(ctx.signed20()), wrapped=True, **how))


def named(plain: str = ID_VALUE, **how: object) -> Build:
    """A SAML 2.0 token whose NameID alone is encrypted."""

    def build(ctx: Context) -> Callback:
        assert ctx.sp is not None
        return ctx.post(ctx.signed20(name_id=Envelope(ctx.sp).but(**how).seal(plain.encode(), "EncryptedID")))

    return build


def bent(find: str, put: str, **how: object) -> Build:
    """An encrypted answer whose bytes are changed on the way."""

    def build(ctx: Context) -> Callback:
        made = encrypted(ctx, the_token(ctx.signed()), **how)
        assert find in made, find
        return ctx.post(made.replace(find, put, 1))

    return build


def unsigned(ctx: Context) -> Callback:
    return ctx.post(encrypted(ctx, tree(ctx.token().xml())))


def stranger(ctx: Context) -> Callback:
    return ctx.post(encrypted(ctx, the_token(ctx.signed(by=ctx.stranger))))


def beside(ctx: Context) -> Callback:
    """A clear token in the margin of the envelope."""
    root = tree(encrypted(ctx, the_token(ctx.signed())))
    root.append(deepcopy(the_token(ctx.signed(assertion_id="_other"))))
    return ctx.post(root)


def twice(ctx: Context) -> Callback:
    root = tree(encrypted(ctx, the_token(ctx.signed())))
    root.append(deepcopy(the_token(root)))
    return ctx.post(root)


def elsewhere(ctx: Context) -> Callback:
    """The ciphertext in the margin, a forged token in its place."""
    token = the_token(ctx.signed())
    root = tree(envelope(ctx.token(name_id=SAML11_SECOND).xml(), ctx.realm))
    root.append(tree(bare(holder(ctx, text(token)))))
    return ctx.post(root)


def signed_outside(ctx: Context) -> Callback:
    """SE-03: a signature over the ciphertext counts for nothing, as nothing signs an envelope."""
    root = tree(encrypted(ctx, tree(ctx.token().xml())))
    signature = ctx.signed().find(".//{*}Signature")
    assert signature is not None
    root.append(signature)
    return ctx.post(root)


def referring(url: str) -> Build:
    def build(ctx: Context) -> Callback:
        made = encrypted(ctx, the_token(ctx.signed()))
        start, end = made.rindex("<xenc:CipherValue>"), made.rindex("</xenc:CipherValue>")
        return ctx.post(f'{made[:start]}<xenc:CipherReference URI="{url}"/>{made[end + len("</xenc:CipherValue>") :]}')

    return build


def without_key(ctx: Context) -> Callback:
    return sealed()(replace(ctx, sp=signer("yesterday's service provider")))


def only(token: str) -> Build:
    return lambda ctx: ctx.post(envelope(token, ctx.realm))


RETRIEVAL = f'<ds:KeyInfo xmlns:ds="{DS}"><ds:RetrievalMethod URI="http://127.0.0.1:9/"/></ds:KeyInfo>'

CASES: tuple[Case, ...] = (
    Case("SE-01", "nobody signed it", "unsigned", unsigned),
    Case("SE-02", "signed by a stranger", "signature_invalid", stranger),
    Case("SE-02", "changed after signing", "digest", sealed(plain=lambda xml: xml.replace(b"anna<", b"admin<"))),
    Case("SE-02", "SAML 2.0 changed after signing", "digest", sealed20(plain=lambda x: x.replace(b"anna<", b"eve<"))),
    Case("SE-03", "a signature around the ciphertext", "signature_parent", signed_outside),
    Case("SE-04", "a clear token beside it", "assertion_count", beside),
    Case("SE-04", "two encrypted tokens", "assertion_count", twice),
    Case("SE-04", "in the margin of a clear token", "assertion_count", elsewhere),
    Case("SE-05", "two assertions inside", "decryption", sealed(plain=wrapped_by(b"", SECOND))),
    Case("SE-05", "text inside", "decryption", sealed(plain=lambda xml: b"anna")),
    Case("SE-05", "text beside the assertion", "decryption", sealed(plain=wrapped_by(b"x", b""))),
    Case("SE-05", "nothing inside", "decryption", sealed(plain=lambda xml: b"")),
    Case("SE-05", "comment inside", "decryption", sealed(plain=lambda xml: xml.replace(b"anna<", b"an<!-- -->na<"))),
    Case("SE-05", "DOCTYPE inside", "decryption", sealed(plain=wrapped_by(b"<!DOCTYPE x>", b""))),
    Case("SE-05", "a JWT inside", "decryption", sealed(plain=lambda xml: b"<jwt>eyJ</jwt>")),
    Case(
        "SE-05",
        "encrypted again",
        "decryption",
        lambda ctx: ctx.post(encrypted(ctx, tree(bare(holder(ctx, text(the_token(ctx.signed()))))))),
    ),
    Case(
        "SE-05",
        "the envelope closed and opened",
        "decryption",
        sealed(plain=wrapped_by(b"", b"</own:RequestedSecurityToken><own:RequestedSecurityToken>")),
    ),
    Case("SE-06", "CipherReference to a file", "encryption_shape", referring("file:///etc/passwd")),
    Case("SE-06", "CipherReference by http", "encryption_shape", referring("http://127.0.0.1:9/")),
    Case("SE-06", "nothing but a CipherReference", "encryption_shape", only(CIPHER.format("file:///etc/passwd"))),
    Case("SE-07", "RetrievalMethod by http", "encryption_shape", sealed(label=RETRIEVAL)),
    Case("SE-08", "GCM ciphertext changed", "decryption", sealed(spoil=flipped(40))),
    Case("SE-08", "CBC last but one block changed", "decryption", sealed(content=CBC256, spoil=flipped(-17)), cbc=True),
    Case("SE-08", "CBC first block changed", "decryption", sealed20(content=CBC256, spoil=flipped(3)), cbc=True),
    Case("SE-09", "RSA PKCS#1 v1.5", "algorithm", sealed(transport=RSA15)),
    Case("SE-09", "key of the wrong size", "decryption", sealed(key=b"k" * 16, content=f"{XENC11}aes256-gcm")),
    Case("SE-10", "AES-CBC not switched on", "algorithm", sealed(content=CBC256)),
    Case("SE-10", "AES-CBC not switched on, SAML 2.0", "algorithm", sealed20(content=CBC256)),
    Case("SE-10", "AES-CBC NameID not switched on", "algorithm", named(content=CBC256)),
    Case("SE-10", "3DES", "algorithm", bent(f"{XENC11}aes256-gcm", f"{XENC}tripledes-cbc")),
    Case("SE-11", "encrypted content", "encryption_shape", bent(f'Type="{XENC}Element"', f'Type="{XENC}Content"')),
    Case("SE-11", "element in CipherValue", "encryption_shape", bent("<xenc:CipherValue>", "<xenc:CipherValue><b/>")),
    Case("SE-11", "empty EncryptedAssertion", "encryption_shape", only(f'<e:EncryptedAssertion xmlns:e="{SAML20}"/>')),
    Case(
        "SE-11",
        "EncryptedKey in the margin",
        "encryption_shape",
        bent("<t:TokenType>", f'<x:EncryptedKey xmlns:x="{XENC}"/><t:TokenType>'),
    ),
    Case(
        "SE-12",
        "EncryptedAttribute",
        "encryption_unsupported",
        lambda ctx: ctx.post(ctx.signed20(attributes=Envelope(ctx.sp).seal(b"<a/>", "EncryptedAttribute"))),
    ),
    Case("SE-12", "element in an encrypted NameID", "decryption", named(ID_VALUE.replace("anna", "<b>anna</b>"))),
    Case("SE-12", "encrypted NameID changed", "decryption", named(spoil=flipped(20))),
    Case("SE-13", "1.5 MB of ciphertext", "size", sealed(plain=lambda xml: xml + b"x" * 1_000_000)),
    Case(
        "SE-13",
        "100,000 nodes inside",
        "decryption",
        sealed(plain=lambda xml: xml.replace(b"anna@contoso.com", b"<a/>" * 100_000)),
    ),
    Case("SE-14", "malformed inside", "decryption", sealed(plain=lambda xml: xml[:-40])),
    Case("SE-15", "for a key that we no longer have", "decryption", without_key),
)
