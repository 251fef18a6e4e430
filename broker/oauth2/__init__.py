"""The downstream protocol's checks, free of HTTP and storage: what a client sends, proven or refused.

request                 the column of checks of /authorize
audiences               the APIs that a token is for
redirect_uris           exact match, the `{tenant}` pattern, the native loopback rule
parameters, pkce, scopes
"""
