"""A multitenant federation broker: every tenant's own identity provider in, one trusted token issuer out.

    Connector :  Callback       -> Identity         what the upstream proved
    Rules     :  Identity       -> Claims           what this tenant lets us say
    Grant     :  TokenRequest   -> Authorization    what the client may receive
    Issuer    :  Authorization  -> TokenSet         the signed result
"""
