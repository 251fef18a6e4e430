// npm jose as whoever must believe our tokens. argv[2]: JSON {issuer, jwks_uri, client_id}.
// Each line of standard input is {id_token, access_token}; answers {id_token, access_token} with their verified claims
// and how often the key set was fetched, or {error}. The key set is jose's own remote one, with its own cache.
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';

const { issuer, jwks_uri, client_id } = JSON.parse(process.argv[2]);
let fetched = 0;
const keys = createRemoteJWKSet(new URL(jwks_uri), {
  [customFetch]: (...asked) => { fetched += 1; return fetch(...asked); },
});
for await (const line of createInterface({ input: process.stdin })) {
  const tokens = JSON.parse(line);
  try {
    const id = await jwtVerify(tokens.id_token, keys, { issuer, audience: client_id, typ: 'JWT' });
    const access = await jwtVerify(tokens.access_token, keys, { issuer, audience: issuer, typ: 'at+jwt' });
    console.log(JSON.stringify({ id_token: id.payload, access_token: access.payload, fetched }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code ?? String(error) }));
  }
}
