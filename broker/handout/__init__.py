"""What a tenant's administrator must enter on their side: names, addresses, claim rules, certificates. No secrets.

    handout(issuer, tenant, idp, certificates) -> Handout

ours       our names and addresses for this identity provider
wanted     which claims to ask for, from the tenant's rules
snippets   lists, claim rules and files in the vendor's own form
pages      a Markdown page, and perhaps a script, for each vendor and protocol
document   the page, filled in
"""

from broker.handout.document import Handout, handout

__all__ = ["Handout", "handout"]
