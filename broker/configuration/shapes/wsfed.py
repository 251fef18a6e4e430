"""Keys of a WS-Federation identity provider, beside those that it has like SAML."""

from __future__ import annotations

from broker.configuration.shapes.fields import Shape, Text

KEYS = ("metadata", "entity_id", "logout", "encryption", "wtrealm", "whr", "wauth")


class WsFedKeys(Shape):
    """wtrealm: our name there, else our metadata URL. whr: the home realm to name. wauth: the method to ask for."""

    wtrealm: Text | None = None
    whr: Text | None = None
    wauth: Text | None = None
