"""The OpenID Foundation's OP plans, one test a module where a local server can show it; `test_modules` keeps the list.

Left to the real suite, because no local test can answer for them:

    oidcc-idtoken-unsigned, oidcc-*-request-object-*      tested by their refusal: `none` is no algorithm here
    screenshots (prompt-login, max-age-1, error pages)    a person of the certification looks at those
    TLS versions and cipher suites                        the reverse proxy's, in every plan
    plain-fapi-tolerate-unregistered-redirect-uri         allowed, not required (RFC 9126 §2.4): always refused here
    grant-management, rar, jarm                           optional variants that discovery does not announce
    openbanking, brazil, connectid, cdr, ksa, cbuae       ecosystems with rules of their own

The suite's clients have `id_token_claims: minimal`: with `full` it warns of a person's claims in the ID token beside an
access token (OIDC Core §5.4). It also warns of `tenant`, `roles`, `idp`, `sid` and `cfg`, which nobody asked for by
name, and of what nobody knows of the person (`updated_at`, `phone_number_verified`). Warnings pass.
"""
