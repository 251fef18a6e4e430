<?php
// {tenant: {idp: {…any hosted option…}}} over sensible defaults. `key2` is the second phase of a key rotation.
$switches = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_SWITCHES')), true);
$own = $switches[TENANT]['idp'] ?? [];
$entity = $own['entityid'] ?? getenv('SIMPLESAMLPHP_ORIGIN') . '/' . TENANT . '/saml2/idp/metadata.php';
unset($own['entityid']);
$metadata[$entity] = $own + [
    'host' => '__DEFAULT__',
    'privatekey' => 'one.key',
    'certificate' => 'one.crt',
    'auth' => 'people',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'simplesaml.nameidattribute' => 'uid',
    'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']],
];
