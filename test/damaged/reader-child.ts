// Reads one input after the other, as the command line would, in a process that may be stopped at any time.
// For each: what main.ts prints of a failure on stderr, a mark behind it, then the reading and the exit code.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../src/errors.ts';
import { DOORS } from './doors.ts';
import { type Answer, END, type Question } from './reader-process.ts';

process.on('message', async ({ door, folder }: Question) => {
  const atRest = process.getActiveResourcesInfo().length;
  let answer: Answer;
  try {
    answer = { exit: 0, reading: await DOORS[door](folder) };
  } catch (error) {
    console.error(printable(error));
    answer = { exit: 1 };
  }
  await nothingMoreThan(atRest);
  process.stderr.write(END);
  process.send!(answer);
});

/** A command would end only then: whatever is open keeps its process alive. */
async function nothingMoreThan(atRest: number): Promise<void> {
  await nextTurn();
  while (process.getActiveResourcesInfo().length > atRest) await sleep(20, undefined, { ref: false });
}
