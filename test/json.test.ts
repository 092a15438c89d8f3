import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duplicateKey } from '../src/json.ts';

const found = (text: string) => duplicateKey(text, JSON.parse(text));

test('a key that an object has twice is found, with the place of the second', () => {
  const cases: [text: string, key: string][] = [
    ['{"a": 1, "a": 1}', 'a'],
    ['{"b": {"a": 1, "c": [{"a": 2, "a": 3}]}}', 'a'],
    ['{"a\\\\": 1, "a\\\\" : 2}', 'a\\'],
    ['{"a": "{\\"a\\": 1", "\\u0061"\t\n:2}', 'a'],
    ['{"__proto__": 1, "__proto__": 2}', '__proto__'],
    ['{"": 1, "7": 2, "": 3}', ''],
    ['[[{"x": 0}, {"x": 1, "y": {}, "x": 2}]]', 'x'],
  ];
  for (const [text, key] of cases) {
    const twice = found(text)!;
    assert.equal(twice.key, key, text);
    const second = /"(?:[^"\\]|\\.)*"/.exec(text.slice(twice.at))!;
    assert.deepEqual([second.index, JSON.parse(second[0])], [0, key], text);
    assert.ok(twice.at > text.indexOf('"'), text);
  }
});

test('the same key in different objects, and what only looks like a key, is none', () => {
  for (const text of [
    '{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": "a", "c": "a"}',
    '{"a": "\\"a\\": 1, \\"a\\": 2", "b": "\\\\", "c": ":"}',
    '["a", "a", ":", {"__proto__": {"__proto__": null}}]',
    '"a"',
    '{}',
    'null',
  ])
    assert.equal(found(text), undefined, text);
});

test('of deep and of long texts it takes no stack and no more than a moment', () => {
  const deep = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
  let parsed: unknown = 1;
  for (let i = 0; i < 200_000; i++) parsed = { a: parsed };
  const began = performance.now();
  assert.equal(duplicateKey(deep, parsed), undefined);
  assert.equal(found(`{"a": "${'\\"\\\\'.repeat(1_000_000)}", "b": 1}`), undefined);
  assert.equal(found(`{"a": 1, ${'"b": [], '.repeat(100_000)} "c": 1}`)?.key, 'b');
  assert.ok(performance.now() - began < 5_000);
});
