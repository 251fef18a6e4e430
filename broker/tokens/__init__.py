"""Our own tokens: the keys that sign them, the issuer that mints them, the check that one is ours.

keys          KeyRing: what signs, what is published, what verifies; loaded from the store, shared by all workers
rotation      first start, `keys rotate`, `keys retire`: next -> active -> retired
issuer        Authorization -> TokenSet, after the last check
pairwise      the names by which one sector's clients know people and sessions
access        an access token or an id_token_hint that comes back
userinfo      what is said of a person at userinfo, signed where the client wants it
introspection  signed answers about tokens
logout_token  what tells a client that a session is over
"""
