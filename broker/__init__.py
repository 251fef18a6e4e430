"""A multitenant federation broker: every tenant's own identity provider in, one trusted token issuer out.

The whole system on four lines:

    Connector :  Callback       -> Identity         what the upstream proved
    Rules     :  Identity       -> Claims           what this tenant lets us say
    Grant     :  TokenRequest   -> Authorization    what the client may receive
    Issuer    :  Authorization  -> TokenSet         the signed result

One sign-in, as a stack trace would show it:

    GET /authorize            web.authorize -> oauth2.request -> home_realm.decide -> signin.start -> connector.begin
    the IdP's answer          web.callback  -> signin.answer  -> connector.finish  -> claims.apply -> sessions.open
    POST /token               web.token     -> clients -> grants -> tokens.issuer

From the front door down; what stands on one line knows nothing of its neighbours (import-linter keeps it so):

    cli; demo                 verbs, and a small world to try them in
    app                       the composition root: builds every object once
    web                       HTTP, the only layer with Flask
    account                   what a person may see of themselves and end
    signin grants signout renewal crosswalk   the use cases
    sessions enrichment       a person's sessions, and what may be said of them now; what a tenant's hook adds
    persons                     who somebody is to a tenant, and by which address
    configuration home_realm claims clients connectors policy store tokens audit handout
    oauth2 jose xml seal expressions outbound domains assurance limits telemetry
    model                     frozen values
    errors                    one tree
"""
