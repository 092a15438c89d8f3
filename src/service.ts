// The service: what it is made of, started in this order and stopped in the mirror of it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as passing } from 'node:timers/promises';
import { createApp } from './api/app.ts';
import { TslrecError } from './errors.ts';
import type { Log } from './log.ts';
import { publishDrafts } from './storage/drafts-folder.ts';
import { isPostgres } from './storage/location.ts';
import { openStore, type Store } from './storage/store.ts';

const SECOND = 1000;
/** From the signal to the end, whatever requests and the database do. */
const STOP_WITHIN_MS = 10 * SECOND;
/** Leaves a second for the store to close. */
const DRAIN_TIMEOUT_MS = STOP_WITHIN_MS - SECOND;
const SERVER_LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  keepAliveTimeout: 5 * SECOND,
};

export interface ServiceOptions {
  /** A folder or a `postgres://` URL. */
  readonly storeLocation: string;
  /** Where index files go when the store is in Postgres. */
  readonly folder?: string;
  /** The Postgres schema that holds the tables. */
  readonly schema?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  readonly log: Log;
}

export interface Service {
  readonly url: string;
  /** Lets requests in flight finish, then closes everything; may be called again. */
  stop(): Promise<void>;
}

export async function startService({
  storeLocation,
  folder,
  schema,
  port,
  host,
  log,
}: ServiceOptions): Promise<Service> {
  const store = await openStore(storeLocation, { folder, schema, log });
  const server = createServer(SERVER_LIMITS, createApp({ store, log }));
  try {
    await listen(server, port, host ?? '127.0.0.1');
    await store.readiness();
  } catch (error) {
    server.close();
    await store.close();
    throw error;
  }
  const url = urlOf(server.address() as AddressInfo);
  const publishing = isPostgres(storeLocation) ? undefined : publishDraftsAsTheyCome(store, log);
  log.info({ url }, 'listening');
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await drain(server);
    await publishing?.stop();
    await store.close();
    log.info('stopped');
  };
  return {
    url,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Starts the service; when the process is asked to end, it stops the service and ends the process. */
export async function serveUntilSignal(options: ServiceOptions): Promise<Service> {
  const service = await startService(options);
  const end = async () => {
    await Promise.race([service.stop(), passing(STOP_WITHIN_MS)]);
    process.exit(); // an index that is being loaded, or an embedded database at work, would hold it
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end());
  return service;
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new TslrecError(
      'conflict',
      `Port ${port} on ${host} is in use: stop what listens there or choose another.`,
      {
        cause: error,
      },
    );
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Kept-alive connections are closed as soon as they are idle, those still busy at the deadline are cut. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

const LOOK_FOR_DRAFTS_EVERY_MS = SECOND;

/** Of a store in a folder, which this process alone can publish to while it serves. */
function publishDraftsAsTheyCome(store: Store, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await publishDrafts(store, log);
      await passing(LOOK_FOR_DRAFTS_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const ended = loop();
  return {
    stop() {
      stopping.abort();
      return ended;
    },
  };
}
