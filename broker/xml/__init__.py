"""The one door to XML and XML signatures: lxml, xmlsec and python3-saml are imported in this package only.

    gate            bytes of an IdP   -> Gated          structure proven harmless, parsed once, still unverified
    signature       Gated, keys       -> which elements are signed
    decrypt         Gated, our keys   -> Gated          what was encrypted for us, through the same gate
    response        Gated, signed     -> Response       plain values of the element that was verified
    rstr            bytes of an IdP   -> Gated          the same gate for WS-Federation; verify, read -> Response
    saml11          SAML 1.1 element  -> Assertion      in the words of SAML 2.0
    metadata        bytes of an IdP   -> IdpMetadata    entity, keys, sign-on address, by our own policy
    federation      the same, of WS-Federation's role; our own metadata there
    authn_request   what to ask       -> redirect URL
    sp              our names and key -> SP metadata document

`reading` is where bytes become a tree.
`onelogin` holds python3-saml behind patched, cached parts and refuses to start when they are not where we know them.
"""
