# Application group for {{host}}, tenant {{tenant}}. Run once, elevated, on the primary AD FS server (2016 or later).
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$name = '{{q:name}}'
$clientId = '{{q:client_id}}'
$clientAuth = '{{q:client_auth}}'
$rules = @'
{{adfs_rules}}
'@

New-AdfsApplicationGroup -Name $name -ApplicationGroupIdentifier $name
$server = @{
    ApplicationGroupIdentifier = $name
    Name                       = "$name - sign-in"
    Identifier                 = $clientId
    RedirectUri                = '{{q:callback}}'
    LogoutUri                  = '{{q:frontchannel}}'
}
if ($clientAuth -eq 'private_key_jwt') { $server.JWKSUri = '{{q:jwks}}' } else { $server.GenerateClientSecret = $true }
Add-AdfsServerApplication @server   # shows the secret once, if it makes one
Add-AdfsWebApiApplication -ApplicationGroupIdentifier $name -Name "$name - claims" -Identifier $clientId `
    -AccessControlPolicyName 'Permit everyone' -IssuanceTransformRules $rules
Grant-AdfsApplicationPermission -ClientRoleIdentifier $clientId -ServerRoleIdentifier $clientId `
    -ScopeNames 'openid', 'profile', 'email', 'allatclaims'
