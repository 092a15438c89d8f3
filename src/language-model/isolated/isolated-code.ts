// The code of a model folder runs in a process of its own, which is started when it is first asked. What it
// computes there may not end, may take all memory, or may end the process (the `tokenizers` library panics):
// the call then ends in one sentence. Nothing of it holds this process up when it wants to end.
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { TslrecError } from '../../errors.ts';
import { type Limits, REACHED, type Reply, type RequestName, type Requests } from './requests.ts';

export interface IsolatedCode {
  /** One call at a time; others wait. After a call that has ended the process, all fail as it did. */
  ask<Name extends RequestName>(
    name: Name,
    ask: Requests[Name]['ask'],
    about: Work,
  ): Promise<Requests[Name]['answer']>;
  /** Ends the process, and what is asked of it. */
  release(): void;
}

export interface Work {
  /** Who works on what, for errors: "FOLDER/tokenizer.json: the tokenizer, asked to encode 12 texts,". */
  readonly subject: string;
  /** What to do about code that reaches a limit or ends its process. */
  readonly advice: string;
  /** What it works on: more of it may take more time and memory. */
  readonly amount?: Amount;
  /** The sentence for an error that the code throws. */
  readonly refusal: (message: string) => TslrecError;
}

export interface Amount {
  /** Bytes of texts. */
  readonly text?: number;
  /** Bytes of a tokenizer.json. */
  readonly json?: number;
}

/**
 * Ten times the time of a slow tokenizer on a core of 2.5 GHz: 1 MB of text a second, or 17 MB of its
 * tokenizer.json. With a vocabulary of 262,000, as the largest ones have, it holds 340 MB; while it encodes,
 * some 300 bytes a character.
 */
const limitsOf = ({ text = 0, json = 0 }: Amount = {}): Limits => ({
  cpuSeconds: 2 + 1e-5 * text + 6e-7 * json,
  bytes: 8e8 + 500 * text,
});

const MAIN = path.join(import.meta.dirname, 'main.ts');
const SHOWN_CHARACTERS = 200;
/** Of what the process writes to stderr, so many characters are kept, the last ones. */
const MOST_WORDS = 20_000;

export function isolatedCode(): IsolatedCode {
  let child: ChildProcess | undefined;
  let stderr = '';
  let failure: TslrecError | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function start(): ChildProcess {
    const started = fork(MAIN, {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    started.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MOST_WORDS);
    });
    return started;
  }

  async function askNow(name: RequestName, ask: unknown, work: Work): Promise<unknown> {
    if (failure) throw failure;
    child ??= start();
    const limits = limitsOf(work.amount);
    hold(child, 'ref');
    try {
      const reply = await replyOf(child, { name, ask, limits });
      if ('thrown' in reply) throw work.refusal(reply.thrown.slice(0, SHOWN_CHARACTERS));
      return reply.answer;
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      failure ??= new TslrecError(
        'bad-data',
        `${work.subject} ${reasonOf(error, stderr, limits)}; ${work.advice}.`,
      );
      throw failure;
    } finally {
      hold(child, 'unref');
    }
  }

  return {
    ask<Name extends RequestName>(name: Name, ask: Requests[Name]['ask'], work: Work) {
      const asked = last.then(() => askNow(name, ask, work));
      last = asked.catch(() => {});
      return asked as Promise<Requests[Name]['answer']>;
    },
    release() {
      failure ??= new TslrecError('unavailable', 'The model was released: open it again to ask it.');
      child?.kill('SIGKILL');
    },
  };
}

/** The process has ended before it answered. */
class Ended extends Error {
  readonly how: string;

  constructor(how: string) {
    super(how);
    this.how = how;
  }
}

function replyOf(child: ChildProcess, request: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', onMessage).off('close', onClose).off('error', onError);
      act();
    };
    const onMessage = (reply: Reply) => settle(() => resolve(reply));
    const onClose = (code: number | null, signal: string | null) =>
      settle(() => reject(new Ended(signal ?? `exit code ${code}`)));
    const onError = (error: Error) => settle(() => reject(error));
    child.on('message', onMessage).on('close', onClose).on('error', onError);
    child.send(request, () => {}); // what cannot be sent is told by 'close'
  });
}

function reasonOf({ how }: Ended, stderr: string, { cpuSeconds, bytes }: Limits): string {
  if (stderr.includes(REACHED.time)) return `did not end within ${Math.round(cpuSeconds)} s of computing`;
  if (stderr.includes(REACHED.memory)) return `took more than ${Math.round(bytes / 1e6)} MB of memory`;
  const panic = /panicked at [^\n]*\n([^\n]+)/.exec(stderr)?.[1].slice(0, SHOWN_CHARACTERS);
  return `ended its process with ${how}${panic ? ` (${panic})` : ''}`;
}

/** Only a call under way keeps this process alive. */
function hold(child: ChildProcess, how: 'ref' | 'unref'): void {
  child[how]();
  child.channel?.[how]();
  const { stderr } = child;
  if (stderr && how in stderr) (stderr as typeof stderr & Record<typeof how, () => void>)[how]();
}
