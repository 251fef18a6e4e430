"""Names that can be given to somebody else one day: nobody is known by one unless the operator says so.

An address, a user principal name or a user name belongs to whoever an administrator gives it to. Somebody who gets
the address of a person who left would be that person here, with everything that was theirs.
"""

from __future__ import annotations

# short names, and upstream names that no profile knows, in lower case
MUTABLE = frozenset(
    {"email", "upn", "preferred_username", "unique_name", "windows_account_name", "username", "login", "uid"}
    | {"name", "nickname", "phone_number", "mail", "emailaddress", "userprincipalname", "samaccountname"}
)
_SAML1 = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
UNSPECIFIED = f"{_SAML1}unspecified"
# SAML Core §8.3.2 to §8.3.5
MUTABLE_FORMATS = frozenset(
    {f"{_SAML1}emailAddress", f"{_SAML1}X509SubjectName", f"{_SAML1}WindowsDomainQualifiedName"}
    | {"urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"}
    | {f"http://schemas.xmlsoap.org/claims/{name}" for name in ("UPN", "EmailAddress", "CommonName")}  # WS-Federation
)


def is_mutable(name: str) -> bool:
    """Whether a claim of this short or upstream name can be given to somebody else."""
    return name.lower() in MUTABLE


def name_id_is_mutable(value: str, name_format: str | None) -> bool:
    """By its format; one that says nothing is judged by its looks: `anna@contoso.com`, `CONTOSO\\anna`."""
    if name_format in MUTABLE_FORMATS:
        return True
    return name_format in {None, "", UNSPECIFIED} and ("@" in value or "\\" in value)
