// All commands. Results go to stdout, progress and logs to stderr.
import { Command } from 'commander';
import { readConfig } from '../config.ts';
import { printable } from '../errors.ts';
import { stopBars } from '../progress.ts';
import { configureExecution } from '../tensor/session.ts';
import { embedCommand } from './embed.ts';
import { evaluateCommand } from './evaluate.ts';
import { exportSftCommand } from './export-sft.ts';
import { generateSampleCommand } from './generate-sample.ts';
import { migrateCommand } from './migrate.ts';
import { refreshCommand } from './refresh.ts';
import { serveCommand } from './serve.ts';
import { trainCommand } from './train.ts';

/**
 * Reads the parameters and the environment of this process; a failure is told on stderr and by the exit code
 * 1.
 */
export async function runCommandLine(): Promise<void> {
  try {
    const config = readConfig(process.env);
    configureExecution(config.execution);
    const program = new Command('tslrec')
      .description('Item embeddings that carry behaviour and language, for recommenders that already exist.')
      .showHelpAfterError('(--help tells more)');
    const commands = [
      refreshCommand(config),
      evaluateCommand(config),
      trainCommand(),
      embedCommand(config),
      exportSftCommand(config),
      serveCommand(config),
      migrateCommand(config),
      generateSampleCommand(),
    ];
    for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
    await program.parseAsync();
  } catch (error) {
    stopBars();
    console.error(printable(error));
    process.exitCode = 1;
  }
}
