"""What the broker writes down is sealed under one key, which lives outside the store.

seal, open   AES-256-GCM; `context` says where the value belongs, so that it opens nowhere else
mac          HMAC-SHA256 under a key of its own for every purpose
load_key     BROKER_ENCRYPTION_KEY, or a key file beside a SQLite database
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import BrokerError

KEY_BYTES = 32
VARIABLE = "BROKER_ENCRYPTION_KEY"

_VERSION = "1."
_HALF = 12  # bytes: of the random prefix, one half chooses the message's key, the other is its GCM nonce
_KEY_TEXT = re.compile(r"[A-Za-z0-9_-]{43}=?")
_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?:///([^?]+)")


class SealBroken(BrokerError):
    """A sealed value does not open: changed, moved to another place, or sealed under another key."""

    def __init__(self, context: str) -> None:
        super().__init__("seal_broken", detail=f"in {context.partition('/')[0]}")


class KeyRefused(BrokerError):
    """The encryption key is missing or unusable; `public` says what to do."""

    code = "invalid_configuration"


class Seal:
    """Thread-safe. Raises ValueError for a key that is not 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._key = key
        self._sealing = _derive(key, "seal")
        self._purposes: dict[str, bytes] = {}

    def seal(self, plain: bytes, context: str) -> str:
        """Text safe in a URL. A random key for each message: no limit on how many one root key may seal."""
        prefix = secrets.token_bytes(2 * _HALF)
        boxed = self._cipher(prefix).encrypt(prefix[_HALF:], plain, context.encode())
        return _VERSION + base64.urlsafe_b64encode(prefix + boxed).decode()

    def open(self, sealed: str, context: str) -> bytes:
        """Raises SealBroken."""
        if not sealed.startswith(_VERSION):
            raise SealBroken(context)
        try:
            raw = base64.b64decode(sealed[len(_VERSION) :], altchars=b"-_", validate=True)
            return self._cipher(raw).decrypt(raw[_HALF : 2 * _HALF], raw[2 * _HALF :], context.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: not base64url, or too short to hold a nonce
            raise SealBroken(context) from error

    def mac(self, purpose: str, data: bytes) -> bytes:
        """32 bytes."""
        key = self._purposes.get(purpose)
        if key is None:
            key = self._purposes[purpose] = _derive(self._key, f"mac {purpose}")
        return hmac.digest(key, data, "sha256")

    def _cipher(self, prefix: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._sealing, prefix[:_HALF], "sha256"))


@dataclass(frozen=True, slots=True)
class KeyFile:
    """`path` None: the key came from the environment. `made`: this call made it, and the operator is told so."""

    key: bytes = field(repr=False)
    made: bool
    path: Path | None


def load_key(environ: Mapping[str, str], database_url: str) -> KeyFile:
    """The deployment's key. Raises KeyRefused.

    Without BROKER_ENCRYPTION_KEY a SQLite database has its key in `<database>.key`, made together with it (mode 0600).
    """
    text = environ.get(VARIABLE)
    if text is not None:
        return KeyFile(_decode(text, VARIABLE), made=False, path=None)
    database = sqlite_path(database_url)
    if database is None:
        raise KeyRefused("key_unset", f"Set {VARIABLE} to 32 random bytes in base64url; this database needs it.")
    path = database.with_name(f"{database.name}.key")
    made = not path.exists() and _make(path, database)
    return KeyFile(_read(path), made=made, path=path)


def sqlite_path(database_url: str) -> Path | None:
    """The file of a SQLite URL; None: another kind of database, or one without a file."""
    found = _SQLITE.match(database_url)
    return Path(found[1]) if found and found[1] != ":memory:" else None


def _make(path: Path, database: Path) -> bool:
    """Make the key file; of several processes doing so at once one wins. False: another one made it."""
    used = database.exists() and database.stat().st_size > 0
    if used and not path.exists():  # in this order: another process may be making both, the key first
        raise KeyRefused(
            "key_missing",
            f"The database {database} exists but its key {path} does not: bring the key back, or set {VARIABLE}.",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # complete or not there at all; never over an existing key
    except FileExistsError:
        return False
    except OSError as error:
        raise KeyRefused("key_file", f"The key file {path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return True


def _read(path: Path) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused("key_file", f"The key file {path} cannot be read.") from error
    if mode & 0o077:
        raise KeyRefused("key_file_mode", f"The key file {path} is open to others: chmod 600 {path}")
    return _decode(text, str(path))


def _decode(text: str, where: str) -> bytes:
    if not _KEY_TEXT.fullmatch(text):
        raise KeyRefused("key_form", f"{where} must hold 32 random bytes in base64url (43 characters, or 44 with '=').")
    try:
        return base64.b64decode(f"{text.rstrip('=')}=", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise KeyRefused("key_form", f"{where} is not base64url.") from error


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"broker " + hashlib.sha256(purpose.encode()).digest(), "sha256")
