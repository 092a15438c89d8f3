import path from 'node:path';
import { writeFileAtomically } from '../../src/files.ts';
import type { EvaluationResult } from '../evaluate.ts';
import { reportPage } from './page.ts';

/** The page, and beside it what `--json` prints; returns where the page is. */
export function writeReport(folder: string, result: EvaluationResult): string {
  const page = path.join(folder, 'index.html');
  writeFileAtomically(path.join(folder, 'evaluation.json'), `${JSON.stringify(result)}\n`);
  writeFileAtomically(page, reportPage(result));
  return page;
}
