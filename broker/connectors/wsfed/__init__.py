"""WS-Federation 1.2 passive requestor profile, as a relying party: for AD FS that has nothing else configured.

connector   begin, correlate, finish, metadata
request     where the browser is sent, to sign in and to sign out
answer      the fields of the form that comes back
checks      what a verified token must say, as one column; most of it is SAML's
"""

from broker.connectors.wsfed.connector import WsFedConnector

__all__ = ["WsFedConnector"]
