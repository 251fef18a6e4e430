# Relying party trust for {{host}}, tenant {{tenant}}. Run once, elevated, on the primary AD FS server.
# -Offline: this server cannot reach {{metadata_url}}
param([switch]$Offline)
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$rules = @'
{{adfs_rules}}
'@

$trust = @{
    Name                                 = '{{q:name}}'
    IssuanceTransformRules               = $rules
    AccessControlPolicyName              = 'Permit everyone'   # or the policy of your choice
    SignatureAlgorithm                   = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
    SamlResponseSignature                = 'AssertionOnly'
    SigningCertificateRevocationCheck    = 'None'              # our certificates are self-signed
    EncryptionCertificateRevocationCheck = 'None'
    Enabled                              = $true
}

if (-not $Offline) {
    # Identifier, endpoints and certificates come from our metadata, and follow it.
    Add-AdfsRelyingPartyTrust @trust -MetadataUrl '{{q:metadata_url}}' `
        -MonitoringEnabled $true -AutoUpdateEnabled $true -EncryptClaims $true
    return
}

$trust.Identifier = '{{q:entity_id}}'
$trust.SamlEndpoint = @(
    New-AdfsSamlEndpoint -Binding POST -Protocol SAMLAssertionConsumer -Uri '{{q:acs}}' -Index 0 -IsDefault $true
    New-AdfsSamlEndpoint -Binding Redirect -Protocol SAMLLogout -Uri '{{q:slo}}'
)
$base64 = '{{certificate_base64}}'
if ($base64) {
    $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 `
        -ArgumentList @(, [Convert]::FromBase64String($base64))
    $trust.EncryptionCertificate = $certificate
    $trust.RequestSigningCertificate = $certificate
    $trust.EncryptClaims = $true
}
Add-AdfsRelyingPartyTrust @trust
