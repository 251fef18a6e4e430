<?php
// Debian's defaults, moved into a folder of ours; one base path and one session cookie a tenant.
$folder = getenv('SIMPLESAMLPHP_FOLDER');
// Debian's file ends by requiring a secrets file that its package script would have made; that line is left out.
eval('?>' . preg_replace('/^.*require.*\.inc.*$/m', '', file_get_contents(getenv('SIMPLESAMLPHP_DEFAULTS'))));
$config = array_merge($config, [
    'baseurlpath' => getenv('SIMPLESAMLPHP_ORIGIN') . '/' . TENANT . '/',
    'certdir' => "$folder/cert/",
    'loggingdir' => "$folder/log/",
    'datadir' => "$folder/data/",
    'tempdir' => "$folder/tmp",
    'metadatadir' => "$folder/metadata/",
    'metadata.sources' => [['type' => 'flatfile']],
    'logging.handler' => 'errorlog',
    'secretsalt' => 'only-for-tests-only-for-tests',
    'auth.adminpassword' => 'only-for-tests',
    'technicalcontact_email' => 'nobody@example.org',
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'enable.adfs-idp' => true,
    'trusted.url.domains' => null,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true, 'adfs' => true],
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'session.cookie.name' => 'SSP' . TENANT,
    'session.phpsession.cookiename' => 'PHP' . TENANT,
    'session.phpsession.savepath' => "$folder/tmp",
    'session.authtoken.cookiename' => 'AUTH' . TENANT,
    'language.cookie.secure' => false,
    'language.cookie.samesite' => null,
    'store.type' => 'phpsession',
]);
