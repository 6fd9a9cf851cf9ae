// An OpenID provider by `oidc-provider`, on loopback, until its standard input ends.
// usage: node provider.mjs FOLDER FILE
//   FOLDER: where `npm ci` has put oidc-provider.
//   FILE: JSON of `url`, `client` (as registered), `keys` (JWK, private) and `people` (claims by
//   subject); people are read anew at each sign-in.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, file] = process.argv.slice(2);
const { Provider } = createRequire(`${folder}/`)("oidc-provider");
const read = () => JSON.parse(readFileSync(file, "utf-8"));
const { url, client, keys } = read();

const provider = new Provider(url, {
  clients: [client],
  jwks: { keys },
  cookies: { keys: ["of this provider alone"] },
  claims: { openid: ["sub"], profile: ["email", "groups"] },
  // Otherwise what a scope brings is at the userinfo endpoint alone (OpenID Connect Core, 5.4).
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_context, subject) => {
    const claims = read().people[subject];
    return claims && { accountId: subject, claims: () => ({ ...claims, sub: subject }) };
  },
});

provider.listen(new URL(url).port, "127.0.0.1");
process.stdin.on("end", () => process.exit()).resume();
