// Damages of JSON files and of the texts in a model folder that are read as programs: fields that are
// missing, of another type or size, expressions and templates that do not end.
import { bytes, type Damage, type Leaves, MEGABYTE } from './damages.ts';
import { replaced } from './text-damages.ts';

const DEEP = 100_000;

/** Of JSON as a whole. */
export const JSON_TEXT: readonly Damage[] = [
  ...['[]', '"x"', '5', 'null', 'true', '', 'NaN', '[[[[[]]]]]', '{"a": 1} {"b": 2}'].map((text) =>
    bytes(`${text === '' ? 'a blank' : text} in its place`, 'nothing', () => ` ${text}\n`),
  ),
  bytes('{} in its place', 'settings', () => '{}'),
  bytes('100,000 brackets', 'nothing', () => '['.repeat(DEEP) + ']'.repeat(DEEP)),
  bytes('100,000 open braces', 'nothing', () => '{"a":'.repeat(DEEP)),
  bytes('doubled', 'nothing', (good) => Buffer.concat([good, good])),
  bytes('with a comma behind its last value', 'nothing', (good) => replaced(good, /\s*([\]}])\s*$/g, ',$1')),
  bytes('with a comment', 'nothing', (good) => `// as we need it\n${good}`),
  bytes('with its quotation marks single', 'nothing', (good) => replaced(good, '"', "'")),
  bytes('with a line end within a text', 'nothing', (good) => replaced(good, /"(\w)/g, '"\n$1')),
];

/** A value of JSON, edited. */
// biome-ignore lint/suspicious/noExplicitAny: what stands in a damaged file has no type
type Json = any;

export const edited = (name: string, leaves: Leaves, edit: (value: Json) => unknown): Damage =>
  bytes(name, leaves, (good) => {
    const value = JSON.parse(good.toString());
    return JSON.stringify(edit(value) ?? value);
  });

/** Sets what stands at a path of names and places; a text that begins with `=` is JSON's own writing. */
function setAt(
  value: Json,
  path: readonly (string | number)[],
  change: (at: Json, name: string | number) => void,
) {
  change(
    path.slice(0, -1).reduce((at, name) => at[name], value),
    path.at(-1)!,
  );
}

const field = (path: string, name: string, leaves: Leaves, written: string): Damage =>
  bytes(`${path} ${name}`, leaves, (good) => {
    const value = JSON.parse(good.toString());
    setAt(value, path.split('.'), (at, last) => {
      at[last] = MARK;
    });
    return JSON.stringify(value).replace(JSON.stringify(MARK), () => written);
  });
const MARK = 'what is to stand here';

const missing = (path: string): Damage =>
  edited(`without ${path}`, 'settings', (value) => {
    setAt(value, path.split('.'), (at, last) => {
      delete at[last];
    });
  });

const OTHER_TYPES = { number: '5', text: '"x"', list: '[]', object: '{}', flag: 'true' };
const NUMBERS = ['-1', '0', '1.5', '1e7', '1e12', '1e999', 'NaN', '"5"', '12345678901234567890'];
type Type = keyof typeof OTHER_TYPES;

/** A field that is missing, null, of each other type and, of numbers and texts, of any size. */
export function fields(types: Readonly<Record<string, Type>>): Damage[] {
  return Object.entries(types).flatMap(([path, type]) => [
    missing(path),
    field(path, 'of null', 'settings', 'null'),
    ...Object.entries(OTHER_TYPES)
      .filter(([other]) => other !== type)
      .map(([other, written]) => field(path, `a ${other}`, 'settings', written)),
    ...(type === 'number' ? NUMBERS.map((written) => field(path, `of ${written}`, 'settings', written)) : []),
    ...(type === 'text'
      ? [
          field(path, 'empty', 'settings', '""'),
          field(path, 'of 16 MB', 'settings', `"${'a'.repeat(16 * MEGABYTE)}"`),
          field(path, 'of half a character', 'settings', '"\\ud800"'),
        ]
      : []),
    ...(type === 'list'
      ? ['[null]', '[[]]', '[{}]', '[-1]', '[1e12]'].map((written) =>
          field(path, `of ${written}`, 'settings', written),
        )
      : []),
  ]);
}

/** Names that mean something to JavaScript, and a name twice. */
export const NAMES: readonly Damage[] = [
  bytes('with a field __proto__', 'same', (good) =>
    good.toString().replace('{', '{"__proto__": {"hidden_size": 5, "model": "x", "work": "x"},'),
  ),
  bytes('with a field constructor', 'same', (good) =>
    good.toString().replace('{', '{"constructor": {"prototype": 5},'),
  ),
  bytes('with its first field twice', 'same', (good) =>
    good.toString().replace(/\{\s*("[^"]*":[^,]*,)/, '{$1$1'),
  ),
  bytes('with 100,000 fields more', 'same', (good) => {
    const more = Array.from({ length: DEEP }, (_, i) => `"field_${i}": ${i}`);
    return good.toString().replace('{', () => `{${more.join(',')},`);
  }),
];

/** Of tokenizer.json. */
export const TOKENIZER: readonly Damage[] = [
  edited('of an unknown kind', 'nothing', (tokenizer) => {
    tokenizer.model.type = 'Syllables';
  }),
  edited('without a vocabulary', 'nothing', (tokenizer) => {
    tokenizer.model.vocab = {};
  }),
  edited('with a token beyond the embeddings', 'nothing', (tokenizer) => {
    for (const name of Object.keys(tokenizer.model.vocab)) tokenizer.model.vocab[name] += 1000;
  }),
  edited('with a token of the largest number', 'nothing', (tokenizer) => {
    for (const name of Object.keys(tokenizer.model.vocab)) tokenizer.model.vocab[name] = 2 ** 32 - 1;
  }),
  edited('with a token of a negative number', 'nothing', (tokenizer) => {
    tokenizer.model.vocab.a = -1;
  }),
  edited('with the token for unknown words missing', 'nothing', (tokenizer) => {
    tokenizer.model.unk_token = 'nowhere';
  }),
  edited('with an expression that does not end', 'nothing', (tokenizer) => {
    tokenizer.normalizer = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(3000) };
    const pattern = { Regex: '(a+)+$' };
    tokenizer.pre_tokenizer = { type: 'Split', pattern, behavior: 'Removed', invert: false };
  }),
  edited('with an expression that is none', 'nothing', (tokenizer) => {
    tokenizer.pre_tokenizer = {
      type: 'Split',
      pattern: { Regex: '(((' },
      behavior: 'Removed',
      invert: false,
    };
  }),
  edited('with an unknown normalizer', 'nothing', (tokenizer) => {
    tokenizer.normalizer = { type: 'Rot13' };
  }),
  edited('with a template of unknown tokens', 'nothing', (tokenizer) => {
    tokenizer.post_processor.special_tokens = {};
  }),
  edited('with normalizers 2,000 deep', 'nothing', (tokenizer) => {
    let normalizer = tokenizer.normalizer;
    for (let depth = 0; depth < 2000; depth++) normalizer = { type: 'Sequence', normalizers: [normalizer] };
    tokenizer.normalizer = normalizer;
  }),
  edited('with a normalizer that makes text 2^40 times as long', 'nothing', (tokenizer) => {
    const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
    tokenizer.normalizer = { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => twice) };
  }),
];

/** Of chat_template.jinja. */
export const TEMPLATE: readonly Damage[] = [
  bytes(
    'with loops that do not end',
    'nothing',
    (good) => `${'{% for a in range(1000000) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}${good}`,
  ),
  bytes(
    'with a text that doubles 60 times',
    'nothing',
    (good) =>
      "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ " +
      `ns.s }}${good}`,
  ),
  bytes('with an open block', 'nothing', (good) => `{% for a in messages %}${good}`),
  bytes('with an open expression', 'nothing', (good) => `${good}{{ messages`),
  bytes('with an unknown function', 'nothing', (good) => `{{ open('/etc/passwd') }}${good}`),
  bytes('that raises', 'nothing', (good) => `{{ raise_exception('no\nmessages') }}${good}`),
  bytes('that leaves the messages out', 'nothing', () => '{{ bos_token }}Good day'),
  bytes(
    'of blocks 10,000 deep',
    'nothing',
    (good) => `${'{% if true %}'.repeat(10_000)}${good}${'{% endif %}'.repeat(10_000)}`,
  ),
  bytes(
    'of 10,000 brackets',
    'nothing',
    (good) => `{{ ${'('.repeat(10_000)}1${')'.repeat(10_000)} }}${good}`,
  ),
  bytes(
    'with a call of itself',
    'nothing',
    (good) => `{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}${good}`,
  ),
];

/** Of adapter_config.json. */
export const TARGETS: readonly Damage[] = [
  edited('with an expression that does not end', 'nothing', (adapter) => {
    adapter.target_modules = '(([a-z_.0-9])+.?)+!';
  }),
  edited('with an expression that is none', 'nothing', (adapter) => {
    adapter.target_modules = '(((';
  }),
  edited('with an expression that no layer has', 'nothing', (adapter) => {
    adapter.target_modules = 'nothing_like_it';
  }),
  edited('with 100,000 names', 'settings', (adapter) => {
    adapter.target_modules.push(...Array.from({ length: DEEP }, (_, i) => `layer_${i}`));
  }),
];

/** Of model.safetensors.index.json. */
export const INDEX: readonly Damage[] = [
  ...['../model.safetensors', '/etc/passwd', '', '.', '..', 'missing.safetensors', 'config.json'].map(
    (name) =>
      edited(`that names the file "${name}"`, 'nothing', ({ weight_map }) => {
        weight_map['lm_head.weight'] = name;
        weight_map['model.embed_tokens.weight'] = name;
      }),
  ),
  edited('with an empty map', 'nothing', () => ({ weight_map: {} })),
  edited('that names 100,000 files', 'nothing', ({ weight_map }) => {
    for (let i = 0; i < DEEP; i++) weight_map[`w${i}`] = `model-${i}.safetensors`;
  }),
];

/** Of modules.json of sentence-transformers. */
export const MODULES: readonly Damage[] = [
  ...['..', '../model', '/etc', '', 'missing'].map((name) =>
    edited(`whose pooling lies in "${name}"`, 'nothing', (modules) => {
      modules[1].path = name;
    }),
  ),
  edited('with a module of no kind', 'nothing', (modules) => {
    modules[3].type = 'sentence_transformers.models.WordWeights';
  }),
  edited('with code of its own', 'nothing', (modules) => {
    modules[3].type = 'os.system';
  }),
  edited('of 100,000 modules', 'nothing', (modules) => {
    modules.push(...Array.from({ length: DEEP }, () => modules[3]));
  }),
  edited('of a module without a type', 'nothing', (modules) => {
    delete modules[2].type;
  }),
];

/** Of the file that names hosted models. */
export const HOSTED: readonly Damage[] = [
  ...[
    'ftp://127.0.0.1/v1',
    'file:///etc/passwd',
    'x',
    'http://',
    'http://a b/',
    'http://127.0.0.1:99999/v1',
  ].map((url) =>
    edited(`with the URL "${url}"`, 'nothing', ({ embed }) => {
      embed.endpointUrl = url;
    }),
  ),
  edited('with both a provider and a URL', 'nothing', ({ embed }) => {
    embed.provider = 'together';
  }),
  edited('with an unknown provider', 'nothing', (models) => {
    models.embed = { model: 'x', provider: 'nobody' };
  }),
  edited('with a field that is none', 'nothing', (models) => {
    models.token = 'hf_secret';
  }),
];
