<?php
// One `php -S` process is many tenants' SimpleSAMLphp: /<tenant>/<script> runs www/<script> as if installed there.
// The tenant's name reaches config.php through a constant; SWITCHES is the JSON file a test may change at any time.
$www = getenv('SIMPLESAMLPHP_WWW');
if (!preg_match('#^/([a-z0-9-]+)(/[^?]*)#', $_SERVER['REQUEST_URI'], $part)) {
    http_response_code($_SERVER['REQUEST_URI'] === '/' ? 200 : 404);
    return true;
}
if (preg_match('#^(?:/[a-zA-Z0-9_-]+)+\.(css|js)$#', $part[2], $asset) && is_file($www . $part[2])) {
    header('Content-Type: ' . ['css' => 'text/css', 'js' => 'text/javascript'][$asset[1]]);
    readfile($www . $part[2]);
    return true;
}
if (!preg_match('#^(/(?:[a-zA-Z0-9_-]+/)*[a-zA-Z0-9_-]+\.php)(/.*)?$#', $part[2], $script)) {
    http_response_code(404);
    return true;
}
if (!is_file($www . $script[1])) {
    http_response_code(404);
    return true;
}
define('TENANT', $part[1]);
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/' . TENANT . $script[1];
$_SERVER['SCRIPT_FILENAME'] = $www . $script[1];
$_SERVER['PATH_INFO'] = $script[2] ?? '';
if ($_SERVER['PATH_INFO'] === '') {
    unset($_SERVER['PATH_INFO']);
}
chdir(dirname($www . $script[1]));
require $www . $script[1];
return true;
