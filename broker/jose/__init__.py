"""The one door to signed JSON Web Tokens (RFC 7515, RFC 7519): ES256, RS256, PS256 and EdDSA, nothing symmetric.

compact      one strict reading of the three-part form
keys         our own private keys: make, load, publish
certificate  a self-signed certificate around one of them
keyset       somebody else's public keys, as published
signing      sign and verify
possession   verify what carries its own key
"""

from broker.jose.certificate import certified_jwk
from broker.jose.compact import Peeked, peek
from broker.jose.keys import ALGORITHMS, SigningKey, generate, load, public_jwk
from broker.jose.keyset import KeySet, PublicKey, parse_jwks
from broker.jose.possession import is_private, thumbprint, verified_by_own_key
from broker.jose.signing import left_half_hash, sign, verified, verify

__all__ = [
    "ALGORITHMS",
    "KeySet",
    "Peeked",
    "PublicKey",
    "SigningKey",
    "certified_jwk",
    "generate",
    "is_private",
    "left_half_hash",
    "load",
    "parse_jwks",
    "peek",
    "public_jwk",
    "sign",
    "thumbprint",
    "verified",
    "verified_by_own_key",
    "verify",
]
