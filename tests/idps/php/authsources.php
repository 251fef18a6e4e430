<?php
// Users of the tenant, from the switches file: {tenant: {users: {"name:password": {attribute: [values]}}}}.
$switches = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_SWITCHES')), true);
$config = [
    'admin' => ['core:AdminPassword'],
    'people' => ['exampleauth:UserPass'] + ($switches[TENANT]['users'] ?? []),
];
