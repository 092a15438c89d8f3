#!/usr/bin/env node
// The command line. Node keeps what it has compiled for the next start, which then takes half as long.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCommandLine } = await import('./command-line/program.ts');
await runCommandLine();
