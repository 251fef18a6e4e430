"""The downstream protocol's checks, free of HTTP and storage: what a client sends, proven or refused.

return_address, request the two columns of checks of /authorize and /par
claims_parameter        single claims asked for by name
audiences               the APIs that a token is for
redirect_uris           exact match, the `{tenant}` pattern, the native loopback rule
parameters, pkce, scopes
"""
