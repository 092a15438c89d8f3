import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

// biome keeps code to this length, but not strings, regular expressions, comments, nor other languages.
const LONGEST = 110;
const ROOT = path.join(import.meta.dirname, '..');
const FOLDERS = '{src,jobs,test,scripts,docs,migrations}';
const WRITTEN = ['ts', 'mjs', 'py', 'sql', 'css', 'md', 'sh'].flatMap((ending) => [
  `*.${ending}`,
  `${FOLDERS}/**/*.${ending}`,
]);

test(`no line is longer than ${LONGEST} characters, but for tables, addresses and what README shows`, () => {
  const files = globSync([...WRITTEN, '**/Dockerfile'], { cwd: ROOT, exclude: ['node_modules'] }).sort();
  assert.ok(files.length > 400, `${files.length} files`);
  const offenders = files.flatMap(tooLong);
  assert.equal(offenders.length, 0, `longer than ${LONGEST}:\n${offenders.join('\n')}`);
});

function tooLong(file: string): string[] {
  const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const length = [...line].length;
    return length <= LONGEST || mayBeLong(line, file) ? [] : [`${file}:${index + 1}: ${length} characters`];
  });
}

/** A table, an address, or an answer in JSON that README shows as it comes. */
function mayBeLong(line: string, file: string): boolean {
  const isTable = file.endsWith('.md') && line.startsWith('|');
  const isAnswer = file === 'README.md' && /^\{".*\}$/.test(line);
  return isTable || isAnswer || /https?:\/\//.test(line);
}
