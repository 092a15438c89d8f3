// Reads one input after the other, as the command line would, in a process that may be stopped at any time.
// For each: what main.ts prints of a failure on stderr, a mark behind it, then the reading and the exit code.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../src/errors.ts';
import { DOORS } from './doors.ts';
import { type Answer, END, type Question } from './reader-process.ts';

/** What keeps this process alive between two inputs. */
const atRest = process.getActiveResourcesInfo().length;

process.on('message', async ({ door, folder }: Question) => {
  let answer: Answer = { exit: 0 };
  try {
    answer = { exit: 0, reading: await DOORS[door](folder) };
  } catch (error) {
    console.error(printable(error));
    answer = { exit: 1 };
  }
  await nothingUnderWay();
  process.stderr.write(END);
  process.send!(answer);
});

/** The command would end only now: what is still open keeps its process alive. */
async function nothingUnderWay(): Promise<void> {
  await nextTurn();
  while (process.getActiveResourcesInfo().length > atRest + 1) await sleep(20, undefined, { ref: false });
}
