<?php
// {tenant: {sps: {entityID: {AssertionConsumerService: …, …any remote option…}}}}
$switches = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_SWITCHES')), true);
foreach ($switches[TENANT]['sps'] ?? [] as $entity => $options) {
    $metadata[$entity] = $options + ['NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'];
}
