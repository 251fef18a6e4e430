"""Upstream OpenID Connect: authorization code with PKCE, and an ID token that we check ourselves.

connector      the seam: begin, correlate, finish
authorization_request  what we ask
client_proof   how we prove ourselves at the token endpoint
provider       the discovery document
kept           documents kept fresh, with their last known good copy
answer         the checks of the authorization response
token_request  the code for tokens
id_token       the checks of the ID token
identity       claims and userinfo -> Identity
"""

from broker.connectors.oidc.connector import OidcConnector

__all__ = ["OidcConnector"]
