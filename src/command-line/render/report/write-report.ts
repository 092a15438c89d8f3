import path from 'node:path';
import type { EvaluationResult } from '../../../../jobs/evaluate.ts';
import type { OutputFile } from '../../../../jobs/outputs/output-file.ts';
import { isOwnEvaluation, isOwnPage } from '../../../../jobs/outputs/own-outputs.ts';
import { writeFileAtomically } from '../../../files.ts';
import { reportPage } from './page.ts';

const PAGE = 'index.html';
const FIGURES = 'evaluation.json';

/** What writeReport writes. */
export const reportFiles = (folder: string): OutputFile[] => [
  { file: path.join(folder, PAGE), isOwn: isOwnPage },
  { file: path.join(folder, FIGURES), isOwn: isOwnEvaluation },
];

/** The page, and beside it what `--json` prints; returns where the page is. */
export function writeReport(folder: string, result: EvaluationResult): string {
  const page = path.join(folder, PAGE);
  writeFileAtomically(path.join(folder, FIGURES), `${JSON.stringify(result)}\n`);
  writeFileAtomically(page, reportPage(result));
  return page;
}
