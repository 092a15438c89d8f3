// What a server says about a failure, made fit for an error's sentence.

/** Short, on one line, and without the access token, which some servers repeat. */
export function serverWords(text: string, accessToken: string | undefined): string {
  const harmless = accessToken ? text.replaceAll(accessToken, '[access token]') : text;
  const line = harmless.replace(/\s+/g, ' ').trim();
  if (line === '') return 'without a word';
  return line.length > 200 ? `${line.slice(0, 200)} ...` : line;
}
