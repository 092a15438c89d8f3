// Python's literals as ast.literal_eval reads them (test/fixtures/python-literals.py), in a time that grows
// with their length.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NoLiteral, parsePythonLiteral } from '../../src/tables/python-literal.ts';

const { literals, none } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '..', 'fixtures', 'python-literals.json'), 'utf8'),
) as { literals: [text: string, value: unknown][]; none: string[] };

test(`${literals.length} literals are what Python reads`, () => {
  for (const [text, value] of literals) assert.deepEqual(parsePythonLiteral(text), value, text);
});

test('what is no literal is refused, and nothing is evaluated', () => {
  for (const text of [...none, "{'a': 1, 'a': 2}", `${'['.repeat(101)}${']'.repeat(101)}`, '9'.repeat(4_301)])
    assert.throws(() => parsePythonLiteral(text), NoLiteral, text);
});

test('what Python 2 wrote, numbers that JSON has not, and integers beyond a double', () => {
  assert.deepEqual(parsePythonLiteral("{u'a': 12L, 'b': nan, 'c': -inf, 'd': inf}"), {
    ...{ a: 12, b: Number.NaN, c: Number.NEGATIVE_INFINITY, d: Number.POSITIVE_INFINITY },
  });
  assert.equal(parsePythonLiteral('9007199254740993'), 9007199254740993n);
});

test('long texts take a time that grows with their length', () => {
  const many = 200_000;
  for (const text of [
    `[${"'a', ".repeat(many)}]`,
    `'${'\\n'.repeat(many)}'`,
    `"""${'" '.repeat(many)}"""`,
    `r'${"\\'".repeat(many)}'`,
    `{${Array.from({ length: many }, (_, i) => `'k${i}': ${i}`).join(', ')}}`,
    `'${'a'.repeat(many)}`,
    '['.repeat(many),
    `'''${'a'.repeat(2 ** 24)}'''`,
    `${'{'.repeat(99)}1${'}'.repeat(99)}`,
    '9'.repeat(many),
  ]) {
    const began = process.cpuUsage();
    try {
      parsePythonLiteral(text);
    } catch (error) {
      assert.ok(error instanceof NoLiteral);
    }
    assert.ok(process.cpuUsage(began).user < 2e6, text.slice(0, 20));
  }
});
