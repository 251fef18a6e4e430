# WS-Federation relying party trust for login.example.com, tenant contoso. Run once, elevated, on the primary AD FS server.
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$rules = @'
@RuleName = "Claims from Active Directory"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => issue(store = "Active Directory",
          types = ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
          "http://schemas.xmlsoap.org/claims/Group",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/department",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/employee_type"),
          query = ";mail,displayName,givenName,sn,tokenGroups,department,employeeType;{0}", param = c.Value);

@RuleName = "Look objectGUID up, which never changes"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => add(store = "Active Directory", types = ("http://schemas.microsoft.com/identity/claims/onpremobjectguid"),
        query = ";objectGUID;{0}", param = c.Value);

@RuleName = "Name people by objectGUID"
c:[Type == "http://schemas.microsoft.com/identity/claims/onpremobjectguid"]
 => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
          Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, Value = c.Value, ValueType = c.ValueType,
          Properties["http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format"]
            = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
'@

$trust = @{
    Name                                 = 'login.example.com (contoso adfs-wsfed)'
    Identifier                           = 'https://login.example.com/t/contoso/wsfed/adfs-wsfed/metadata'
    WSFedEndpoint                        = 'https://login.example.com/t/contoso/wsfed/adfs-wsfed/callback'
    ProtocolProfile                      = 'WSFederation'
    IssuanceTransformRules               = $rules
    AccessControlPolicyName              = 'Permit everyone'   # or the policy of your choice
    SignatureAlgorithm                   = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
    EncryptionCertificateRevocationCheck = 'None'              # our certificates are self-signed
    EncryptClaims                        = $false
    Enabled                              = $true
}
$base64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f'
if ($base64) {
    $trust.EncryptionCertificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 `
        -ArgumentList @(, [Convert]::FromBase64String($base64))
    $trust.EncryptClaims = $true
}
Add-AdfsRelyingPartyTrust @trust
