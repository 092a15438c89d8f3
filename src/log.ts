// The service's log: JSON lines on stderr, so that stdout stays for results. Written synchronously: the last
// line before a crash is the one that matters.
import { destination, type Logger, pino } from 'pino';

export type Log = Logger;

export function createLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'info'): Log {
  return pino({ level }, destination({ dest: 2, sync: true }));
}
