"""The downstream protocol's checks, free of HTTP and storage: what a client sends, proven or refused.

request                 the column of checks of /authorize
redirect_uris           exact match, the `{tenant}` pattern, the native loopback rule
client_authentication   client_secret_basic, client_secret_post, none
parameters, pkce, scopes
"""
