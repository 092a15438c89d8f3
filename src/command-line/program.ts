// All commands. Results go to stdout, progress and logs to stderr.
import { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import { printable } from '../errors.ts';
import { stopBars } from '../progress.ts';
import { configureExecution } from '../tensor/session.ts';

/** In the order of --help. What a command needs is loaded when it is the one that is asked for. */
const COMMANDS: Readonly<Record<string, (config: Config) => Promise<Command>>> = {
  check: async (config) => (await import('./check.ts')).checkCommand(config),
  refresh: async (config) => (await import('./refresh.ts')).refreshCommand(config),
  evaluate: async (config) => (await import('./evaluate.ts')).evaluateCommand(config),
  train: async () => (await import('./train.ts')).trainCommand(),
  encode: async (config) => (await import('./encode.ts')).encodeCommand(config),
  embed: async (config) => (await import('./embed.ts')).embedCommand(config),
  'export-sft': async (config) => (await import('./export-sft.ts')).exportSftCommand(config),
  serve: async (config) => (await import('./serve.ts')).serveCommand(config),
  'export-version': async (config) => (await import('./export-version.ts')).exportVersionCommand(config),
  'import-version': async (config) => (await import('./import-version.ts')).importVersionCommand(config),
  prune: async (config) => (await import('./prune.ts')).pruneCommand(config),
  migrate: async (config) => (await import('./migrate.ts')).migrateCommand(config),
  'generate-sample': async () => (await import('./generate-sample.ts')).generateSampleCommand(),
};

/**
 * Reads the parameters and the environment of this process; a failure is told on stderr and ends with exit
 * code 1.
 */
export async function runCommandLine(): Promise<void> {
  try {
    const config = readConfig(process.env);
    configureExecution(config.execution);
    const program = new Command('tslrec')
      .description('Item embeddings that carry behaviour and language, for recommenders that already exist.')
      .showHelpAfterError('(--help tells more)');
    const [, , name] = process.argv;
    const asked = Object.hasOwn(COMMANDS, name ?? '') ? [name] : Object.keys(COMMANDS);
    for (const command of await Promise.all(asked.map((known) => COMMANDS[known](config))))
      program.addCommand(command.copyInheritedSettings(program));
    await program.parseAsync();
  } catch (error) {
    stopBars();
    console.error(printable(error));
    process.exitCode = 1;
  }
}
