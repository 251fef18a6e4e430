# WS-Federation relying party trust for {{host}}, tenant {{tenant}}. Run once, elevated, on the primary AD FS server.
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$rules = @'
{{adfs_rules}}
'@

Add-AdfsRelyingPartyTrust -Name '{{q:name}}' -Identifier '{{q:realm}}' -WSFedEndpoint '{{q:callback}}' `
    -ProtocolProfile WSFederation -IssuanceTransformRules $rules -AccessControlPolicyName 'Permit everyone' `
    -SignatureAlgorithm 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256' -EncryptClaims $false -Enabled $true
