"""Rows SE-01 to SE-15: encryption. Everything is encrypted to our true certificate, as anybody can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from broker.model import Callback
from tests.attacks.saml.case import Case, Context
from tests.attacks.saml.forge import CIPHER
from tests.idps.saml_encryptor import CBC256, OAEP11, RSA15, XENC, XENC11, Envelope, put
from tests.idps.saml_signer import DS, NS, Signer, assertion, sign, signer, text, tree

ID_VALUE = '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">anna</saml:NameID>'
RETRIEVAL = f'<ds:RetrievalMethod xmlns:ds="{DS}" URI="{{}}"/>'
LABEL = f'<ds:KeyInfo xmlns:ds="{DS}">{{}}</ds:KeyInfo>'

Change = Callable[[bytes], bytes]


def envelope(ctx: Context) -> Envelope:
    assert ctx.sp is not None
    return Envelope(ctx.sp)


def encrypted(
    ctx: Context, signed: str = "assertion", *, by: Signer | None = None, plain: Change | None = None, **how: object
) -> bytes:
    """signed: none | assertion (inside) | response (over the ciphertext) | both. plain: changes what is encrypted."""
    root = ctx.signed("assertion", by) if signed in ("assertion", "both") else tree(ctx.answer().xml())
    inner = assertion(root)
    content = text(inner) if plain is None else plain(text(inner))
    put(inner, envelope(ctx).but(**how).seal(content))
    if signed in ("response", "both"):
        root = tree(text(root))
        sign(root, by or ctx.idp)
    return text(root)


def sealed(signed: str = "assertion", **how: object) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(encrypted(ctx, signed, **how))


def bent(find: str, replacement: str, signed: str = "assertion", **how: object) -> Callable[[Context], Callback]:
    """An encrypted answer whose bytes are changed on the way."""

    def build(ctx: Context) -> Callback:
        raw = encrypted(ctx, signed, **how)
        assert find.encode() in raw, find
        return ctx.post(raw.replace(find.encode(), replacement.encode(), 1))

    return build


def around(ctx: Context) -> Callback:
    """SE-03: another ciphertext, made after the Response was signed."""
    honest = tree(encrypted(ctx, "response"))
    other = tree(encrypted(ctx, "none", plain=lambda xml: xml.replace(b"anna", b"admin")))
    mine, theirs = (root.find("saml:EncryptedAssertion", NS) for root in (honest, other))
    assert mine is not None
    assert theirs is not None
    honest.replace(mine, theirs)
    return ctx.post(honest)


def beside(ctx: Context) -> Callback:
    root = ctx.signed()
    root.append(tree(envelope(ctx).seal(text(assertion(root)))))
    return ctx.post(root)


def twice(ctx: Context) -> Callback:
    root = ctx.signed()
    holder = envelope(ctx).seal(text(assertion(root)))
    put(assertion(root), holder)
    root.append(tree(holder))
    return ctx.post(root)


def nested(ctx: Context) -> Callback:
    return ctx.post(encrypted(ctx, plain=lambda xml: envelope(ctx).seal(xml).encode()))


def named(subject: str, tag: str = "EncryptedID", **how: object) -> Callable[[Context], Callback]:
    """A signed assertion whose NameID is encrypted; `subject` is what the ciphertext holds."""

    def build(ctx: Context) -> Callback:
        return ctx.post(ctx.signed(name_id=envelope(ctx).but(**how).seal(subject.encode(), tag)))

    return build


def attribute(ctx: Context) -> Callback:
    return ctx.post(ctx.signed(attributes=envelope(ctx).seal(b"<a/>", "EncryptedAttribute")))


def stray(where: str) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(ctx.signed(**{where: CIPHER.format("file:///etc/passwd")}))


def other_id(ctx: Context) -> Callback:
    holder = envelope(ctx).seal(ID_VALUE.encode(), "EncryptedID")
    confirmation = f'<saml:SubjectConfirmation Method="x">{holder}</saml:SubjectConfirmation>'
    return ctx.post(ctx.signed(more_confirmations=confirmation))


def doubled_key(ctx: Context) -> Callback:
    raw = encrypted(ctx).decode()
    key = raw[raw.index("<xenc:EncryptedKey") : raw.index("</xenc:EncryptedKey>") + len("</xenc:EncryptedKey>")]
    return ctx.post(raw.replace(key, key + key).encode())


def sibling_key(ctx: Context) -> Callback:
    """Peer placement: EncryptedKey beside EncryptedData, found by a RetrievalMethod."""
    raw = encrypted(ctx, ids=True).decode()
    start, end = raw.index("<xenc:EncryptedKey"), raw.index("</xenc:EncryptedKey>") + len("</xenc:EncryptedKey>")
    key = raw[start:end]
    moved = raw.replace(key, RETRIEVAL.format("#_key"))
    key = key.replace("<xenc:EncryptedKey", f'<xenc:EncryptedKey xmlns:xenc="{XENC}" xmlns:ds="{DS}"', 1)
    return ctx.post(moved.replace("</saml:EncryptedAssertion>", f"{key}</saml:EncryptedAssertion>").encode())


def referring(url: str) -> Callable[[Context], Callback]:
    """The content is named, not carried."""

    def build(ctx: Context) -> Callback:
        raw = encrypted(ctx, signed="none").decode()
        start = raw.rindex("<xenc:CipherValue>")
        end = raw.rindex("</xenc:CipherValue>") + len("</xenc:CipherValue>")
        return ctx.post((raw[:start] + f'<xenc:CipherReference URI="{url}"/>' + raw[end:]).encode())

    return build


def key_referring(ctx: Context) -> Callback:
    raw = encrypted(ctx, signed="none").decode()
    start, end = raw.index("<xenc:CipherValue>"), raw.index("</xenc:CipherValue>") + len("</xenc:CipherValue>")
    return ctx.post((raw[:start] + '<xenc:CipherReference URI="http://127.0.0.1:9/"/>' + raw[end:]).encode())


def flipped(place: int) -> Callable[[bytes], bytes]:
    def spoil(ciphertext: bytes) -> bytes:
        changed = bytearray(ciphertext)
        changed[place] ^= 0x55
        return bytes(changed)

    return spoil


def wrapped_by(before: bytes, after: bytes) -> Change:
    return lambda xml: before + xml + after


def without_key(ctx: Context) -> Callback:
    return ctx.post(encrypted(replace(ctx, sp=signer("yesterday's service provider"))))


SECOND = b'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_b"/>'
CLOSED = b'</samlp:Response><samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">'

CASES: tuple[Case, ...] = (
    Case("SE-01", "nobody signed it", "unsigned_assertion", sealed("none")),
    Case("SE-01", "unsigned where it must be", "unsigned_assertion", sealed("response"), want_signed="assertion"),
    Case("SE-02", "signed by a stranger", "signature_invalid", lambda ctx: ctx.post(encrypted(ctx, by=ctx.stranger))),
    Case("SE-02", "our own key", "signature_invalid", lambda ctx: ctx.post(encrypted(ctx, by=ctx.sp))),
    Case("SE-02", "changed after signing", "digest", sealed(plain=lambda xml: xml.replace(b"anna<", b"admin<"))),
    Case("SE-03", "re-encrypted after signing", "digest", around),
    Case("SE-04", "a clear assertion beside it", "assertion_count", beside),
    Case("SE-04", "two encrypted assertions", "assertion_count", twice),
    Case("SE-05", "two assertions inside", "decryption", sealed(plain=wrapped_by(b"", SECOND))),
    Case("SE-05", "text inside", "decryption", sealed(plain=lambda xml: b"anna")),
    Case("SE-05", "text beside the assertion", "decryption", sealed(plain=wrapped_by(b"x", b""))),
    Case("SE-05", "a Status beside the assertion", "decryption", sealed(plain=wrapped_by(b"<Status/>", b""))),
    Case("SE-05", "nothing inside", "decryption", sealed(plain=lambda xml: b"")),
    Case("SE-05", "the shell closed and opened", "decryption", sealed(plain=wrapped_by(b"", CLOSED))),
    Case(
        "SE-05",
        "a whole Response inside",
        "decryption",
        lambda ctx: ctx.post(encrypted(ctx, plain=lambda _: text(ctx.signed()))),
    ),
    Case("SE-05", "encrypted again", "decryption", nested),
    Case("SE-05", "comment inside", "decryption", sealed(plain=lambda xml: xml.replace(b"anna<", b"an<!-- -->na<"))),
    Case("SE-05", "DOCTYPE inside", "decryption", sealed(plain=wrapped_by(b"<!DOCTYPE x>", b""))),
    Case(
        "SE-05",
        "decoy in the inner signature",
        "decryption",
        sealed(plain=lambda xml: xml.replace(b"</ds:Signature>", b"<ds:Object/></ds:Signature>")),
    ),
    Case("SE-06", "CipherReference to a file", "encryption_shape", referring("file:///etc/passwd")),
    Case("SE-06", "CipherReference by http", "encryption_shape", referring("http://127.0.0.1:9/")),
    Case("SE-06", "CipherReference of the key", "encryption_shape", key_referring),
    Case("SE-06", "CipherReference in StatusDetail", "encryption_shape", stray("extensions")),
    Case("SE-06", "CipherReference in an attribute", "encryption_shape", stray("attributes")),
    Case(
        "SE-07",
        "RetrievalMethod by http",
        "encryption_shape",
        sealed(label=LABEL.format(RETRIEVAL.format("http://127.0.0.1:9/"))),
    ),
    Case(
        "SE-07",
        "RetrievalMethod with XPath",
        "encryption_shape",
        sealed(label=LABEL.format(RETRIEVAL.format("#x' or '1'='1"))),
    ),
    Case("SE-08", "GCM ciphertext changed", "decryption", sealed(spoil=flipped(40))),
    Case("SE-08", "GCM tag cut off", "decryption", sealed(spoil=lambda sealed: sealed[:-8])),
    Case("SE-08", "nearly no ciphertext", "decryption", sealed(spoil=lambda sealed: sealed[:20])),
    Case("SE-08", "CBC last but one block changed", "decryption", sealed(content=CBC256, spoil=flipped(-17)), cbc=True),
    Case("SE-08", "CBC first block changed", "decryption", sealed(content=CBC256, spoil=flipped(3)), cbc=True),
    Case("SE-08", "CBC half a block", "decryption", sealed(content=CBC256, spoil=lambda sealed: sealed[:-7]), cbc=True),
    Case("SE-08", "ciphertext is no base64", "decryption", bent("<xenc:CipherValue>", "<xenc:CipherValue>!!!!")),
    Case("SE-09", "RSA PKCS#1 v1.5", "algorithm", sealed(transport=RSA15)),
    Case("SE-09", "key of the wrong size", "decryption", sealed(key=b"k" * 16, content=f"{XENC11}aes256-gcm")),
    Case("SE-10", "AES-CBC not switched on", "algorithm", sealed(content=CBC256)),
    Case("SE-10", "AES-CBC NameID not switched on", "algorithm", named(ID_VALUE, content=CBC256)),
    Case("SE-10", "3DES", "algorithm", bent(f"{XENC11}aes256-gcm", f"{XENC}tripledes-cbc")),
    Case("SE-10", "AES-192", "algorithm", bent(f"{XENC11}aes256-gcm", f"{XENC11}aes192-gcm")),
    Case(
        "SE-10",
        "no algorithm",
        "algorithm",
        bent(f'EncryptionMethod Algorithm="{XENC11}aes256-gcm"', "EncryptionMethod"),
    ),
    Case("SE-10", "AES key wrap", "algorithm", bent(f"{XENC}rsa-oaep-mgf1p", f"{XENC}kw-aes256")),
    Case("SE-10", "OAEP with SHA-512", "algorithm", bent(f"{XENC}sha256", f"{XENC}sha512", digest="sha256")),
    Case(
        "SE-10",
        "OAEP with another mask",
        "algorithm",
        bent("mgf1sha256", "mgf1sha512", transport=OAEP11, mask="sha256"),
    ),
    Case("SE-10", "mask where the algorithm fixes it", "encryption_shape", sealed(mask="sha256")),
    Case(
        "SE-10",
        "OAEPparams",
        "encryption_shape",
        bent(
            "</xenc:EncryptionMethod>",
            "<xenc:OAEPparams>AA==</xenc:OAEPparams></xenc:EncryptionMethod>",
            digest="sha256",
        ),
    ),
    Case("SE-11", "two EncryptedKeys", "encryption_shape", doubled_key),
    Case("SE-11", "EncryptedKey outside EncryptedData", "encryption_shape", sibling_key),
    Case(
        "SE-11",
        "encrypted content, not element",
        "encryption_shape",
        bent(f'Type="{XENC}Element"', f'Type="{XENC}Content"'),
    ),
    Case(
        "SE-11",
        "ReferenceList",
        "encryption_shape",
        bent("</xenc:EncryptedKey>", "<xenc:ReferenceList/></xenc:EncryptedKey>"),
    ),
    Case("SE-11", "element in CipherValue", "encryption_shape", bent("<xenc:CipherValue>", "<xenc:CipherValue><b/>")),
    Case("SE-12", "EncryptedAttribute", "encryption_unsupported", attribute),
    Case("SE-12", "EncryptedID of a confirmation", "encryption_unsupported", other_id),
    Case("SE-12", "assertion in an EncryptedID", "decryption", named(SECOND.decode())),
    Case("SE-12", "element in an encrypted NameID", "decryption", named(ID_VALUE.replace("anna", "<b>anna</b>"))),
    Case("SE-12", "comment in an encrypted NameID", "decryption", named(ID_VALUE.replace("anna", "an<!-- -->na"))),
    Case("SE-12", "empty encrypted NameID", "nameid", named(ID_VALUE.replace("anna", " "))),
    Case("SE-12", "encrypted NameID changed", "decryption", named(ID_VALUE, spoil=flipped(20))),
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
