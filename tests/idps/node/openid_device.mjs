// npm openid-client on a device. argv[2]: JSON {issuer, client_id, scope, params}.
// Prints what it would show, polls until somebody has answered, asks userinfo; prints {claims, userinfo, refreshed}.
import * as client from 'openid-client';

const asked = JSON.parse(process.argv[2]);
const config = await client.discovery(
  new URL(asked.issuer), asked.client_id, undefined, client.None(), { execute: [client.allowInsecureRequests] },
);
const told = await client.initiateDeviceAuthorization(config, { scope: asked.scope, ...asked.params });
console.log(JSON.stringify(told));
const tokens = await client.pollDeviceAuthorizationGrant(config, told);
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = (await client.refreshTokenGrant(config, tokens.refresh_token)).claims();
console.log(JSON.stringify({ claims, userinfo, refreshed }));
process.exit(0);
