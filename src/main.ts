#!/usr/bin/env node
// The command line. Results go to stdout, progress and logs to stderr.
import { Command } from 'commander';
import { embedCommand } from './command-line/embed.ts';
import { evaluateCommand } from './command-line/evaluate.ts';
import { exportSftCommand } from './command-line/export-sft.ts';
import { generateSampleCommand } from './command-line/generate-sample.ts';
import { migrateCommand } from './command-line/migrate.ts';
import { refreshCommand } from './command-line/refresh.ts';
import { serveCommand } from './command-line/serve.ts';
import { trainCommand } from './command-line/train.ts';
import { readConfig } from './config.ts';
import { printable } from './errors.ts';
import { stopBars } from './progress.ts';
import { configureExecution } from './tensor/session.ts';

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
