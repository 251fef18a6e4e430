"""A small world around the broker, for a first look: two identity providers, an app, a browser. Loopback only.

people        who exists at which identity provider
saml_idp      Contoso's: a SAML identity provider that signs with xmlsec (assertion: the document itself)
oidc_op       Fabrikam's: an OpenID provider on joserfc
app           the app: a relying party on Authlib's client, shows the decoded tokens (client: its protocol side)
browser       follows redirects and fills forms, for `--check`
setting       writes the broker's configuration folder
run           starts and stops it all

Nothing here is imported by the product, and the identity providers let everybody in without a password.
"""
