// A command in a process of its own. Training holds a thread for as long as a step takes and grows memory
// that only the end of its process gives back, so that whoever serves starts it here instead of calling it.
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

/** Reads the environment and prints as the command line does, and gives its exit code. */
export async function runInOwnProcess(
  parameters: readonly string[],
  stdio: StdioOptions = 'inherit',
): Promise<number> {
  const child = spawn(process.execPath, [MAIN, ...parameters], { stdio });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
