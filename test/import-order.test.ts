// Imports run one way. The table under "Import order" in docs/ARCHITECTURE.md is the rule: this test reads
// it. That no files import each other in a circle is a rule of the linter (noImportCycles in biome.json).
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '..');
const DOCUMENT = 'docs/ARCHITECTURE.md';
const ORDER = orderIn(readFileSync(path.join(ROOT, DOCUMENT), 'utf8'));

/** What each folder, or file with a row of its own, may import beside itself and what all share. */
type Order = ReadonlyMap<string, ReadonlySet<string>>;
type Sources = Readonly<Record<string, string>>;

test('every import runs in the order of docs/ARCHITECTURE.md', () => {
  const files = globSync('{src,jobs}/**/*.ts', { cwd: ROOT }).sort();
  assert.ok(files.length > 250, `${files.length} files`);
  const sources = files.map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]);
  const breaches = breachesIn(Object.fromEntries(sources));
  assert.equal(
    breaches.length,
    0,
    `against the table "Import order" of ${DOCUMENT}:\n${breaches.join('\n')}`,
  );
  const inUse = new Set(files.map(rowOf));
  assert.deepEqual(
    [...ORDER.keys()].filter((row) => !inUse.has(row)),
    [],
    `rows of ${DOCUMENT} without a file`,
  );
});

test('an import against the order is seen, in whichever way it is written', () => {
  for (const statement of [
    "import { a } from '../storage/a.ts';",
    "import {\n  a,\n  b,\n} from '../storage/a.ts';",
    "import type { A } from '../storage/a.ts';",
    "import '../storage/a.ts';",
    "export * from '../storage/a.ts';",
    "const { a } = await import('../storage/a.ts');",
    "new Worker(new URL('../storage/a.ts', import.meta.url));",
  ]) {
    assert.equal(breachesIn({ 'src/tensor/b.ts': statement }).length, 1, statement);
    assert.deepEqual(breachesIn({ 'src/api/b.ts': statement }), [], statement);
  }
});

test('what all share stands below every folder, what is started above, and each folder has a row', () => {
  const importing = (file: string, imported: string) => breachesIn({ [file]: `import '${imported}';` });
  assert.deepEqual(importing('src/tensor/a.ts', '../errors.ts'), []);
  assert.equal(importing('src/errors.ts', './tensor/a.ts').length, 1);
  assert.deepEqual(importing('jobs/start.ts', '../src/service.ts'), []);
  assert.equal(importing('jobs/a.ts', '../src/service.ts').length, 1);
  assert.equal(importing('jobs/a.ts', './start.ts').length, 1);
  assert.deepEqual(importing('jobs/stages/a.ts', '../b.ts'), []);
  assert.match(importing('src/nowhere/a.ts', '../errors.ts').join(), /`nowhere` has no row/);
});

/** A row names what stands in rows above it: some of them, or "all above", perhaps "but" some. */
function orderIn(document: string): Order {
  const section = document.split('### Import order\n')[1].split('\n## ')[0];
  const order = new Map<string, ReadonlySet<string>>();
  for (const [, row, cell] of section.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)) {
    const named = Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name);
    for (const name of named) assert.ok(order.has(name), `\`${name}\` does not stand above \`${row}\``);
    const all = [...order.keys()].filter((name) => !named.includes(name));
    order.set(row, new Set(cell.startsWith('all above') ? all : named));
  }
  return order;
}

/** undefined for a file that all share, such as src/errors.ts. */
function rowOf(file: string): string | undefined {
  const place = file.replace(/^src\//, '');
  if (ORDER.has(place)) return place;
  return place.includes('/') ? place.split('/')[0] : undefined;
}

function breachesIn(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([file, source]) => {
    const row = rowOf(file);
    const mayImport = row === undefined ? new Set<string>() : ORDER.get(row);
    if (!mayImport) return [`${file}: \`${row}\` has no row`];
    const isBreach = (other: string | undefined) =>
      other !== undefined && other !== row && !mayImport.has(other);
    return importsIn(file, source)
      .filter((imported) => isBreach(rowOf(imported)))
      .map((imported) => `${file} imports ${imported}`);
  });
}

function importsIn(file: string, source: string): string[] {
  const written = source.matchAll(/\b(?:from|import|URL)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
  return Array.from(written, ([, name]) => path.join(path.dirname(file), name));
}
