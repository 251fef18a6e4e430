<?php
// {tenant: {realms: {wtrealm: {prp: our callback, …any remote option…}}}}
$switches = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_SWITCHES')), true);
foreach ($switches[TENANT]['realms'] ?? [] as $realm => $options) {
    $metadata[$realm] = $options + ['simplesaml.nameidattribute' => 'uid'];
}
