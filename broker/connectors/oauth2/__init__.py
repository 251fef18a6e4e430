"""Upstream OAuth 2.0 without OpenID Connect (GitHub, Facebook): a code for a token, a token for a profile.

No signature says who signed in: what counts is that the token came from the vendor over TLS for our own code, which
PKCE and the browser's transaction bind to the person who is here.

connector   the seam: begin, correlate, finish
profile     the vendor's documents -> Identity
"""

from broker.connectors.oauth2.connector import OAuth2Connector

__all__ = ["OAuth2Connector"]
