// A server that speaks Postgres's protocol, for tests that must run where there is no Postgres: the embedded
// database behind it is Postgres itself. It has one session: a connection has it from its first message until
// no transaction is open, others wait.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { emptyStoreFolder } from './stores.ts';

const SSL_REQUEST = 80877103;
const [QUERY, TERMINATE, READY] = [...'QXZ'].map((letter) => letter.charCodeAt(0));
const IDLE = 'I'.charCodeAt(0);

/** Serves a migrated store that holds nothing yet; answers its URL, with a password in it. */
export async function startPostgresServer(test: TestContext): Promise<string> {
  const folder = await emptyStoreFolder(test);
  const database = await PGlite.create({ dataDir: path.join(folder, 'database'), extensions: { vector } });
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((socket) => {
    let letGo: (() => void) | undefined;
    const hold = () => {
      const before = turn;
      const { promise, resolve } = Promise.withResolvers<void>();
      turn = promise;
      letGo = resolve;
      return before;
    };
    const end = async () => {
      if (!letGo) return;
      await database.execProtocolRaw(message(QUERY, Buffer.from('ROLLBACK\0')));
      letGo();
    };
    serveConnection(
      socket,
      async (frame) => {
        if (frame[0] === TERMINATE) return socket.end();
        if (!letGo) await hold();
        const answer = await database.execProtocolRaw(frame);
        socket.write(answer);
        if (!isIdle(answer)) return;
        letGo?.();
        letGo = undefined;
      },
      end,
    );
  });
  const port = await listening(server);
  test.after(() => {
    server.close();
    return database.close();
  });
  return `postgres://postgres:hunter2@127.0.0.1:${port}/postgres`;
}

/** Refuses every connection, in the words of a Postgres or of a pooler before one. */
export async function startRefusingServer(test: TestContext, code: string, text: string): Promise<string> {
  const refusal = refusalOf(code, text);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(refusal));
  });
  const port = await listening(server);
  test.after(() => server.close());
  return `postgres://reader:hunter2@127.0.0.1:${port}/catalogue`;
}

/**
 * Does the same once it has been asked for TLS, as a server that has it, with a certificate of its own making
 * for another name, or as one that has none; told whether what came then was encrypted.
 */
export async function startTlsServer(
  test: TestContext,
  offersTls: boolean,
  onStart: (encrypted: boolean) => void,
): Promise<string> {
  const folder = path.join(import.meta.dirname, '../fixtures/tls');
  const [key, cert] = ['key.pem', 'certificate.pem'].map((name) => readFileSync(path.join(folder, name)));
  const refuse = (socket: Socket, encrypted: boolean) => {
    onStart(encrypted);
    socket.end(refusalOf('28P01', 'password authentication failed'));
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (hello) => {
      if (hello.readInt32BE(4) !== SSL_REQUEST) return refuse(socket, false);
      socket.write(offersTls ? 'S' : 'N');
      if (!offersTls) return;
      const within = new TLSSocket(socket, { isServer: true, key, cert });
      within.on('error', () => {});
      within.once('data', () => refuse(within, true));
    });
  });
  const port = await listening(server);
  test.after(() => server.close());
  return `postgres://reader:hunter2@127.0.0.1:${port}/catalogue`;
}

/** Takes every connection and cuts it off at its first BEGIN, as pgbouncer does in statement mode. */
export async function startServerWithoutTransactions(test: TestContext): Promise<string> {
  const refusal = refusalOf('08P01', 'transaction blocks not allowed in statement pooling mode');
  const server = createServer((socket) => {
    serveConnection(
      socket,
      async (frame) => frame.includes('BEGIN') && socket.end(refusal),
      async () => {},
    );
  });
  const port = await listening(server);
  test.after(() => server.close());
  return `postgres://reader:hunter2@127.0.0.1:${port}/catalogue`;
}

const refusalOf = (code: string, text: string): Buffer =>
  message('E'.charCodeAt(0), Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));

export interface Proxy {
  readonly url: string;
  /** From now on takes everything and passes nothing on, of connections old and new. */
  swallow(): void;
}

/** Stands between a client and the Postgres of that URL. */
export async function startProxy(test: TestContext, url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, behind],
      [behind, client],
    ]) {
      sockets.add(from);
      from.on('data', (bytes) => swallows || to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => swallows || to.destroy());
    }
  });
  const own = new URL(url);
  own.port = String(await listening(server));
  test.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: own.href,
    swallow: () => {
      swallows = true;
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** Answers the start of a connection and hands on whole messages, one after the other. */
function serveConnection(
  socket: Socket,
  answer: (frame: Buffer) => Promise<unknown>,
  end: () => Promise<void>,
): void {
  let pending = Buffer.alloc(0);
  let started = false;
  let last: Promise<unknown> = Promise.resolve();
  const take = (length: number) => {
    const frame = pending.subarray(0, length);
    pending = pending.subarray(length);
    return frame;
  };
  socket.on('error', () => {});
  socket.on('close', () => {
    last = last.then(end);
  });
  socket.on('data', (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 8 && !started && pending.length >= pending.readInt32BE(0)) {
      const hello = take(pending.readInt32BE(0));
      if (hello.readInt32BE(4) === SSL_REQUEST) socket.write('N');
      else {
        started = true;
        socket.write(Buffer.concat([message(0x52, Buffer.alloc(4)), message(READY, Buffer.of(IDLE))]));
      }
    }
    while (started && pending.length >= 5 && pending.length >= 1 + pending.readInt32BE(1)) {
      const frame = take(1 + pending.readInt32BE(1));
      last = last.then(() => answer(frame));
    }
  });
}

function message(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Whether the last message says that the session is ready and in no transaction. */
const isIdle = (answer: Uint8Array): boolean => answer.at(-6) === READY && answer.at(-1) === IDLE;
