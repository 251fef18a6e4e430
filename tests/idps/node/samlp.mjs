// npm samlp as many tenants' AD FS-like SAML identity providers: entityID http://127.0.0.1:PORT/<name>.
// argv: PORT KEY.pem CERT.pem. PUT /_control/<name> with JSON {options, users}: `options` goes to samlp as it is.
// The form asks for `username`; `users[username]` replaces its claims.
import { readFileSync } from 'node:fs';
import express from 'express';
import samlp from 'samlp';

const [port, keyFile, certFile] = process.argv.slice(2);
const key = readFileSync(keyFile);
const cert = readFileSync(certFile);
const tenants = new Map();
const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const escape = (text) => String(text ?? '').replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function claimsOf(users, username) {
  const local = username.split('@')[0];
  return {
    [`${CLAIMS}/emailaddress`]: username, [`${CLAIMS}/name`]: `Name of ${local}`, [`${CLAIMS}/givenname`]: local,
    [`${CLAIMS}/surname`]: 'Tester', [`${CLAIMS}/upn`]: username, 'http://schemas.xmlsoap.org/claims/Group': ['Staff'],
    ...users?.[username],
  };
}

function answer(request, response, next) {
  const { settings, entityId } = request;
  samlp.parseRequest(request, (error, asked) => {
    if (error) { next(error); return; }
    const acs = asked.assertionConsumerServiceURL;
    samlp.auth({
      issuer: entityId, key, cert, destination: acs, recipient: acs, inResponseTo: asked.id, lifetimeInSeconds: 300,
      getPostURL: (audience, dom, req, done) => done(null, acs),
      getUserFromRequest: () => ({ id: request.query.username }),
      profileMapper: ({ id }) => ({
        getClaims: () => claimsOf(settings.users, id),
        getNameIdentifier: () => ({
          nameIdentifier: `id-${id.split('@')[0]}`, nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        }),
      }),
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      ...settings.options,
    })(request, response, next);
  });
}

const app = express();
app.get('/', (request, response) => response.send('ok'));
app.put('/_control/:name', express.json(), (request, response) => {
  tenants.set(request.params.name, { ...tenants.get(request.params.name), ...request.body });
  response.json({});
});
app.use('/:name', (request, response, next) => {
  request.settings = tenants.get(request.params.name);
  request.entityId = `http://127.0.0.1:${port}/${request.params.name}`;
  if (request.settings) next(); else response.status(404).end();
});
app.get('/:name/sso', (request, response, next) => {
  if (request.query.username) { answer(request, response, next); return; }
  const hidden = Object.entries(request.query).map(([n, v]) => `<input type="hidden" name="${escape(n)}" value="${escape(v)}">`);
  response.send(`<form method="get">${hidden.join('')}<input name="username"><button>Sign in</button></form>`);
});
app.get('/:name/FederationMetadata/2007-06/FederationMetadata.xml', (request, response, next) => {
  const base = request.entityId;
  samlp.metadata({ issuer: base, cert, redirectEndpointPath: `/${request.params.name}/sso`, postEndpointPath: `/${request.params.name}/sso` })(request, response, next);
});
app.listen(Number(port), '127.0.0.1');
