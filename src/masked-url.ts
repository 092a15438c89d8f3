// A URL as people may see it, in messages, logs and what is stored: a scheme, a host, a path, and nothing
// that can hold a secret. What is not known to be harmless is masked.

const MASK = '***';
/** Parameters of Postgres URLs and of the service's own, whose values are shown. */
const HARMLESS = new Set([
  ...['application_name', 'channel_binding', 'client_encoding', 'connect_timeout', 'dbname', 'host', 'port'],
  ...['sslmode', 'sslnegotiation', 'statement_timeout', 'target_session_attrs', 'uselibpqcompat', 'user'],
  ...['k', 'version'],
]);
const PARAMETER_NAME = /^[a-z_]{1,32}$/i;

export function maskedUrl(text: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]*:/i.exec(text) ?? [''];
  const hidden = scheme ? `${scheme}//${MASK}` : MASK;
  if (!URL.canParse(text)) return hidden;
  const url = new URL(text);
  // An unescaped / or ? in a password ends what the parser takes for the host; the @ then stands behind it.
  if (/@/.test(url.pathname + url.search + url.hash)) return hidden;
  if (!/^[^:]+:\/\//.test(text)) return hidden;
  return `${url.protocol}//${userInfo(url)}${url.host}${url.pathname}${maskedQuery(url.search)}`;
}

/** The query of a URL, from its question mark on, or nothing. */
export function maskedQuery(search: string): string {
  const parameters = Array.from(new URLSearchParams(search), ([name, value]) => {
    if (HARMLESS.has(name)) return `${name}=${encodeURIComponent(value)}`;
    return PARAMETER_NAME.test(name) && value !== '' ? `${name}=${MASK}` : MASK;
  });
  return parameters.length > 0 ? `?${parameters.join('&')}` : '';
}

/** The user of a database is shown; of other URLs it may be a token. */
function userInfo({ protocol, username, password }: URL): string {
  if (username === '' && password === '') return '';
  const user = /^postgres(ql)?:$/.test(protocol) ? username : MASK;
  return password === '' ? `${user}@` : `${user}:${MASK}@`;
}
