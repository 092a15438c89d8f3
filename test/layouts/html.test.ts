// Text of web pages as plain text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainText } from '../../src/layouts/html.ts';

test('tags go, entities become characters, blanks are single ones', () => {
  for (const [value, text] of [
    ['<p>Fish &amp; Chips<br/>for&nbsp;two</p>', 'Fish & Chips for two'],
    ['It&#39;s &#x1F600; &quot;big&quot;', 'It\'s \u{1F600} "big"'],
    ['a < b, b > c, <3', 'a < b, b > c, <3'],
    ['&lt;b&gt; &#0; &#xD800; &unknown; &', '<b> &#0; &#xD800; &unknown; &'],
    ['  by\n  \n  A.N. Other ', 'by A.N. Other'],
    ['</span></span>', ''],
  ])
    assert.equal(plainText(value), text);
});

test('programs are no text; lists say each thing once, however they lie; other values stay', () => {
  assert.equal(plainText('var aPageStart = (new Date()).getTime();'), undefined);
  assert.equal(plainText('<style>.a { color: red }</style>'), undefined);
  assert.deepEqual(
    plainText([
      ['Shoes', 'Men'],
      ['Shoes', '<b>Sale</b>', 1],
    ]),
    ['Shoes', 'Men', 'Sale', 1],
  );
  assert.deepEqual([plainText(4.5), plainText(null), plainText(undefined)], [4.5, null, undefined]);
});

test('long texts take a time that grows with their length', () => {
  const began = process.cpuUsage();
  for (const part of ['<', '<b', '<!--', '&', '&#1', ' \n', '<a b="'])
    assert.equal(typeof plainText(`x${part.repeat(300_000)}x`), 'string');
  assert.ok(process.cpuUsage(began).user < 2e6);
});
