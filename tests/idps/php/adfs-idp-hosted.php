<?php
// SimpleSAMLphp as an AD FS: {tenant: {adfs: {…any hosted option…}}}.
$switches = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_SWITCHES')), true);
$metadata[getenv('SIMPLESAMLPHP_ORIGIN') . '/' . TENANT . '/adfs'] = ($switches[TENANT]['adfs'] ?? []) + [
    'host' => '__DEFAULT__',
    'privatekey' => 'one.key',
    'certificate' => 'one.crt',
    'auth' => 'people',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
];
