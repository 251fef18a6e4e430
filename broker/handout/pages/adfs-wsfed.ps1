# WS-Federation relying party trust for {{host}}, tenant {{tenant}}. Run once, elevated, on the primary AD FS server.
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$rules = @'
{{adfs_rules}}
'@

$trust = @{
    Name                                 = '{{q:name}}'
    Identifier                           = '{{q:realm}}'
    WSFedEndpoint                        = '{{q:callback}}'
    ProtocolProfile                      = 'WSFederation'
    IssuanceTransformRules               = $rules
    AccessControlPolicyName              = 'Permit everyone'   # or the policy of your choice
    SignatureAlgorithm                   = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
    EncryptionCertificateRevocationCheck = 'None'              # our certificates are self-signed
    EncryptClaims                        = $false
    Enabled                              = $true
}
$base64 = '{{certificate_base64}}'
if ($base64) {
    $trust.EncryptionCertificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 `
        -ArgumentList @(, [Convert]::FromBase64String($base64))
    $trust.EncryptClaims = $true
}
Add-AdfsRelyingPartyTrust @trust
