"""SAML 2.0 web browser single sign-on, as a service provider: AuthnRequest by redirect, Response by POST.

connector   begin, correlate, finish, metadata
trust       the IdP's metadata: fetched, kept, refreshed, last known good
proof       which signatures hold, and what was encrypted, made plain
checks      what a verified response must say, as one column
subject     who it speaks of: subject, attributes
"""

from broker.connectors.saml.connector import SamlConnector
from broker.connectors.saml.subject import vouches

__all__ = ["SamlConnector", "vouches"]
