# Application group for login.example.com, tenant contoso. Run once, elevated, on the primary AD FS server (2016 or later).
$ErrorActionPreference = 'Stop'
Import-Module ADFS

$name = 'login.example.com (contoso adfs-oidc)'
$clientId = 'broker-at-idp'
$clientAuth = 'client_secret_basic'
$rules = @'
@RuleName = "Claims from Active Directory"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => issue(store = "Active Directory",
          types = ("email",
          "name",
          "given_name",
          "family_name",
          "group",
          "department",
          "employee_type"),
          query = ";mail,displayName,givenName,sn,tokenGroups,department,employeeType;{0}", param = c.Value);
'@

New-AdfsApplicationGroup -Name $name -ApplicationGroupIdentifier $name
$server = @{
    ApplicationGroupIdentifier = $name
    Name                       = "$name - sign-in"
    Identifier                 = $clientId
    RedirectUri                = 'https://login.example.com/t/contoso/oidc/adfs-oidc/callback'
    LogoutUri                  = 'https://login.example.com/t/contoso/oidc/adfs-oidc/frontchannel-logout'
}
if ($clientAuth -eq 'private_key_jwt') { $server.JWKSUri = 'https://login.example.com/t/contoso/oidc/adfs-oidc/jwks' } else { $server.GenerateClientSecret = $true }
Add-AdfsServerApplication @server   # shows the secret once, if it makes one
Add-AdfsWebApiApplication -ApplicationGroupIdentifier $name -Name "$name - claims" -Identifier $clientId `
    -AccessControlPolicyName 'Permit everyone' -IssuanceTransformRules $rules
Grant-AdfsApplicationPermission -ClientRoleIdentifier $clientId -ServerRoleIdentifier $clientId `
    -ScopeNames 'openid', 'profile', 'email', 'allatclaims'
