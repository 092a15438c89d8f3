// A Hugging Face hub of one model: the list of its files and the files, as huggingface.co answers them, and
// what can go wrong on the way.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What happens to a file instead of being sent as it is. */
export type Fault = 'cut' | 'damaged' | 'dropped' | 'stalled' | 'busy' | 'slow' | 'endless';

/** Between the five parts of a file that is sent slowly. */
export const SLOW_PAUSE_MS = 600;

export interface HubServer {
  readonly url: string;
  /** What was asked for, in order; of a file its name. */
  readonly requests: readonly string[];
  /** The Authorization that each of all requests came with. */
  readonly authorizations: readonly (string | undefined)[];
}

/**
 * `faults` are taken one a download of their file, in order; after them the file is sent as it is. That of
 * the list of files may be 'endless'.
 */
export async function startHub(
  context: TestContext,
  name: string,
  files: Readonly<Record<string, Buffer>>,
  faults: Readonly<Record<string, readonly Fault[]>> = {},
): Promise<HubServer> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const left = new Map(Object.entries(faults).map(([file, list]) => [file, [...list]]));
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    const { pathname } = new URL(request.url!, 'http://hub');
    const file = pathname.replace(`/${name}/resolve/main/`, '');
    const isProbe = request.headers.range === 'bytes=0-0';
    if (pathname === `/api/models/${name}/tree/main`) {
      requests.push('list');
      const entries = Object.entries(files).map(([path, bytes]) => ({
        type: 'file',
        path,
        size: bytes.length,
      }));
      response.setHeader('content-type', 'application/json');
      if (left.get('list')?.shift() === 'endless') withoutEnd(response, Buffer.from('[{},'.padEnd(2 ** 20)));
      else response.end(JSON.stringify(entries));
    } else if (file in files) {
      if (!isProbe) requests.push(file);
      send(response, file, files[file], isProbe, isProbe ? undefined : left.get(file)?.shift());
    } else {
      requests.push('unknown');
      response.writeHead(404, { 'content-type': 'application/json', 'x-error-code': 'RepoNotFound' });
      response.end('{"error":"Repository not found"}');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, authorizations };
}

/**
 * Of large files the hub's etag is their SHA-256, of small ones git's hash; others may say something else.
 */
function etagOf(file: string, bytes: Buffer): string {
  if (file === 'tokenizer_config.json') return 'no-hash';
  return bytes.length > 1_000
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function send(
  response: ServerResponse,
  file: string,
  bytes: Buffer,
  isProbe: boolean,
  fault: Fault | undefined,
): void {
  response.setHeader('etag', `"${etagOf(file, bytes)}"`);
  const half = bytes.subarray(0, bytes.length / 2);
  if (isProbe) {
    response.writeHead(206, { 'content-range': `bytes 0-0/${bytes.length}` }).end(bytes.subarray(0, 1));
  } else if (fault === 'busy') {
    response.writeHead(503).end('busy');
  } else if (fault === 'cut') {
    response.writeHead(200).end(half); // without a length, so that the end seems to be one
  } else if (fault === 'damaged') {
    response.writeHead(200).end(Buffer.concat([half, Buffer.alloc(bytes.length - half.length)]));
  } else if (fault === 'dropped') {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(half, () => response.destroy());
  } else if (fault === 'stalled') {
    response.writeHead(200, { 'content-length': bytes.length }).write(half);
  } else if (fault === 'endless') {
    withoutEnd(response.writeHead(200), bytes);
  } else if (fault === 'slow') {
    response.writeHead(200, { 'content-length': bytes.length });
    for (let part = 0; part < 5; part++) {
      const [begin, end] = [part, part + 1].map((i) => Math.floor((i * bytes.length) / 5));
      setTimeout(() => response.write(bytes.subarray(begin, end)), part * SLOW_PAUSE_MS);
    }
  } else {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  }
}

function withoutEnd(response: ServerResponse, bytes: Buffer): void {
  const timer = setInterval(() => response.writableNeedDrain || response.write(bytes), 1);
  response.on('close', () => clearInterval(timer));
}
