"""Namespaces, constants and the algorithms that we accept."""

from __future__ import annotations

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

RESPONSE = f"{{{SAMLP}}}Response"
LOGOUT_REQUEST = f"{{{SAMLP}}}LogoutRequest"
ASSERTION = f"{{{SAML}}}Assertion"
SIGNATURE = f"{{{DS}}}Signature"
ENCRYPTED_ASSERTION = f"{{{SAML}}}EncryptedAssertion"
ENCRYPTED_ID = f"{{{SAML}}}EncryptedID"

# The last of SAML 1: its assertions, which only WS-Federation still carries, are identified by another attribute.
SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"
ASSERTION11 = f"{{{SAML11}}}Assertion"
ID_ATTRIBUTES = {ASSERTION11: "AssertionID"}  # everything else: ID

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = f"{STATUS}Success"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

# Signature algorithm -> (key kind, hash). SHA-1, MD5, DSA and every HMAC are left out on purpose (ASVS 9.1.2).
SIGNATURE_ALGORITHMS = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": ("rsa", "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": ("rsa", "sha384"),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": ("rsa", "sha512"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": ("ec", "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": ("ec", "sha384"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": ("ec", "sha512"),
}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
DIGEST_ALGORITHMS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)

# Encryption: content -> bytes of its key; how that key is wrapped -> its mask (None: the message says); the hashes that
# OAEP may use. Left out on purpose: RSA PKCS#1 v1.5 and 3DES, whose errors tell an attacker what he decrypts.
CONTENT_ALGORITHMS = {
    f"{XENC11}aes128-gcm": 16,
    f"{XENC11}aes256-gcm": 32,
    f"{XENC}aes128-cbc": 16,
    f"{XENC}aes256-cbc": 32,
}
KEY_TRANSPORT = {f"{XENC}rsa-oaep-mgf1p": "sha1", f"{XENC11}rsa-oaep": None}
OAEP_HASHES = {f"{DS}sha1": "sha1", f"{XENC}sha256": "sha256"}
MASK_HASHES = {f"{XENC11}mgf1sha1": "sha1", f"{XENC11}mgf1sha256": "sha256"}

# SAML Core §3.2.2.2. Anything else an IdP sends as a status is not repeated, not even in the log.
STATUS_CODES = frozenset(
    STATUS + name
    for name in (
        "Success",
        "Requester",
        "Responder",
        "VersionMismatch",
        "AuthnFailed",
        "InvalidAttrNameOrValue",
        "InvalidNameIDPolicy",
        "NoAuthnContext",
        "NoAvailableIDP",
        "NoPassive",
        "NoSupportedIDP",
        "PartialLogout",
        "ProxyCountExceeded",
        "RequestDenied",
        "RequestUnsupported",
        "RequestVersionDeprecated",
        "RequestVersionTooHigh",
        "RequestVersionTooLow",
        "ResourceNotRecognized",
        "TooManyResponses",
        "UnknownAttrProfile",
        "UnknownPrincipal",
        "UnsupportedBinding",
    )
)
