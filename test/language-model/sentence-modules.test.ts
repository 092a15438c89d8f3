// How a folder of sentence-transformers makes vectors, against sentence-transformers itself
// (test/fixtures/sentence-models.py), and what is refused because it would make others.
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { embedSentences } from '../support/embed-sentences.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editJson, fixtures } from '../support/model-folders.ts';

const sentenceModels = path.join(fixtures, '../sentence-models');

/** The model of a fixture with the files of sentence-transformers around it. */
async function folderOf(context: TestContext, name: string) {
  const files = path.join(sentenceModels, name);
  const { base, texts, embeddings } = JSON.parse(await readFile(path.join(files, 'embedded.json'), 'utf8'));
  const folder = await copyOf(context, base);
  await cp(files, folder, { recursive: true });
  return { folder, texts: texts as string[], embeddings: embeddings as number[][] };
}

function largestDifference(got: Float32Array, wanted: readonly number[]): number {
  assert.equal(got.length, wanted.length);
  return Math.max(...wanted.map((x, i) => Math.abs(x - got[i])));
}

for (const name of ['mean', 'cls-normalize', 'mean-dense-tanh', 'cls-dense-normalize', 'lasttoken-prompt']) {
  test(`${name}: the vectors are those of sentence-transformers`, async (context) => {
    const { folder, texts, embeddings } = await folderOf(context, name);
    const { vectors, width } = await embedSentences(folder, texts);
    assert.equal(width, embeddings[0].length);
    const error = largestDifference(vectors, embeddings.flat());
    assert.ok(error < 1e-5, `they differ by ${error}`);
  });
}

test('each way gives other vectors, so that none passes for another', async (context) => {
  const { folder, texts } = await folderOf(context, 'cls-normalize');
  const vectorsOf = async (changes: Record<string, unknown>) => {
    await editJson(path.join(folder, '1_Pooling', 'config.json'), changes);
    return (await embedSentences(folder, [texts[1]])).vectors;
  };
  const off = {
    pooling_mode_cls_token: false,
    pooling_mode_mean_tokens: false,
    pooling_mode_lasttoken: false,
  };
  const [cls, mean, last] = [
    await vectorsOf({ ...off, pooling_mode_cls_token: true, pooling_mode: undefined }),
    await vectorsOf({ ...off, pooling_mode_mean_tokens: true }),
    await vectorsOf({ ...off, pooling_mode_lasttoken: true }),
  ];
  for (const [a, b] of [
    [cls, mean],
    [cls, last],
    [mean, last],
  ])
    assert.ok(largestDifference(a, [...b]) > 0.05);
});

test('a model that answers embeds by the same modules, and zeros for an empty text', async (context) => {
  const { folder, texts, embeddings } = await folderOf(context, 'lasttoken-prompt');
  const { vectors: wanted } = await embedSentences(folder, texts.slice(1));
  const model = await loadLocalModel(folder);
  const { vectors, width } = await model.embed(texts);
  await model.release();
  assert.equal(width, embeddings[0].length);
  assert.ok(vectors.subarray(0, width).every((x) => x === 0));
  assert.ok(largestDifference(vectors.subarray(width), [...wanted]) < 1e-6);
});

test('capitals: where the folder takes none, a text has the vector of its lower case', async (context) => {
  const { folder } = await folderOf(context, 'mean');
  // Which takes them away by itself.
  await editJson(path.join(folder, 'tokenizer.json'), { normalizer: null });
  const difference = async () => {
    const [upper, lower] = [
      (await embedSentences(folder, ['GREEN Tent'])).vectors,
      (await embedSentences(folder, ['green tent'])).vectors,
    ];
    return largestDifference(upper, [...lower]);
  };
  assert.ok((await difference()) > 0.05);
  await editJson(path.join(folder, 'sentence_bert_config.json'), { do_lower_case: true });
  assert.equal(await difference(), 0);
});

test('too long a text: read as far as the folder says, in the file of now or of before', async (context) => {
  const { folder, texts, embeddings } = await folderOf(context, 'mean');
  const vector = async () => (await embedSentences(folder, [texts[3]])).vectors;
  assert.ok(largestDifference(await vector(), embeddings[3]) < 1e-5);
  await editJson(path.join(folder, 'tokenizer_config.json'), { model_max_length: 1e30 });
  assert.ok(largestDifference(await vector(), embeddings[3]) > 1e-3);
  await editJson(path.join(folder, 'sentence_bert_config.json'), { max_seq_length: 8 });
  assert.ok(largestDifference(await vector(), embeddings[3]) < 1e-5);
});

const KIN = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (kind) => `sentence_${kind}_config.json`,
);

test('settings are read under each name that sentence-transformers knows, the first alone', async (t) => {
  const { folder, texts, embeddings } = await folderOf(t, 'mean');
  await editJson(path.join(folder, 'tokenizer_config.json'), { model_max_length: 1e30 });
  await editJson(path.join(folder, 'tokenizer.json'), { normalizer: null });
  await rm(path.join(folder, KIN[0]));
  const difference = async () => {
    const { vectors } = await embedSentences(folder, [texts[3].toUpperCase()]);
    return largestDifference(vectors, embeddings[3]);
  };
  assert.ok((await difference()) > 1e-3);
  for (const name of KIN.toReversed()) {
    await writeFile(path.join(folder, name), JSON.stringify({ max_seq_length: 8, do_lower_case: true }));
    assert.ok((await difference()) < 1e-5, name);
    await writeFile(path.join(folder, name), JSON.stringify({ max_seq_length: 5, do_lower_case: true }));
    assert.ok((await difference()) > 1e-3, name);
  }
});

for (const [what, fixture, file, setting] of [
  ['less than a token', 'cls-normalize', 'sentence_bert_config.json', { max_seq_length: 1 }],
  ['the special tokens', 'mean', 'sentence_xlnet_config.json', { max_seq_length: 2 }],
  ['the special tokens', 'mean', 'tokenizer_config.json', { model_max_length: 2 }],
  ['the prompt', 'lasttoken-prompt', 'sentence_bert_config.json', { max_seq_length: 3 }],
] as const) {
  test(`a ${Object.keys(setting)} that leaves room for ${what} alone is named`, async (context) => {
    const { folder } = await folderOf(context, fixture);
    await rm(path.join(folder, 'sentence_bert_config.json'), { force: true });
    await writeFile(path.join(folder, file), '{}', { flag: 'wx' }).catch(() => {}); // it may be there
    await editJson(path.join(folder, file), setting);
    const [[name, limit]] = Object.entries(setting);
    await assert.rejects(
      embedSentences(folder, ['', ...Array.from({ length: 8 }, (_, i) => `${'green '.repeat(i)}tent`)]),
      refused(
        new RegExp(
          `got the same tokens of all of \\d different texts, because ${name} of ${file} .* ${limit},`,
        ),
      ),
    );
  });
}

const LEFT = [...KIN, 'config_sentence_transformers.json', '1_Pooling/config.json', '2_Dense/config.json'];
for (const name of LEFT) {
  test(`a folder with ${name} and without modules.json is refused`, async (context) => {
    const folder = await copyOf(context, 'bert');
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), '{}');
    await assert.rejects(
      embedSentences(folder, ['a']),
      refused(/: got a part of a folder of sentence-transformers without its modules\.json, .*: copy|; copy/),
    );
  });
}

const REFUSED: readonly (readonly [
  what: string,
  change: (folder: string) => Promise<void>,
  message: RegExp,
])[] = [
  [
    'a module of another kind',
    (folder) => addModule(folder, 'sentence_transformers.models.LayerNorm', '3_LayerNorm'),
    /modules\.json: got the modules Transformer, Pooling in 1_P.*, LayerNorm in 3_L.*, expected a Transf/,
  ],
  [
    'code of the folder',
    (folder) => addModule(folder, 'custom_code.Dense', '3_Dense'),
    /modules\.json: got the modules .*, Dense in 3_Dense, expected a Transformer/,
  ],
  [
    'vectors of which only a part is left',
    (folder) => editJson(path.join(folder, 'config_sentence_transformers.json'), { truncate_dim: 3 }),
    /config_sentence_transformers\.json: truncate_dim: got 3, expected /,
  ],
  [
    'no module at all',
    (folder) => writeFile(path.join(folder, 'modules.json'), '[]'),
    /got the modules of nothing/,
  ],
  [
    'a module outside the folder',
    (folder) => addModule(folder, 'sentence_transformers.models.Normalize', '../elsewhere'),
    /modules\.json: 3\.path: got "\.\.\/elsewhere", expected the name of a folder in it;/,
  ],
  [
    'two poolings side by side',
    (folder) => setPooling(folder, { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }),
    /config\.json: got the pooling (cls \+ mean|mean \+ cls), expected one of mean, cls and lasttoken;/,
  ],
  [
    'a pooling that is not computed here',
    (folder) => setPooling(folder, { pooling_mode_cls_token: false, pooling_mode_max_tokens: true }),
    /got the pooling pooling_mode_max_tokens, expected one of mean, cls and lasttoken;/,
  ],
  [
    'a pooling that nobody knows',
    (folder) => setPooling(folder, { pooling_mode_cls_token: false, pooling_mode_future: true }),
    /got the pooling pooling_mode_future, expected one of/,
  ],
  [
    'no pooling at all',
    (folder) => setPooling(folder, { pooling_mode_cls_token: false }),
    /got the pooling of nothing, expected one of/,
  ],
  [
    'a pooling of another width',
    (folder) => setPooling(folder, { word_embedding_dimension: 384, embedding_dimension: 384 }),
    /got vectors of width 384, expected the hidden size 16 of config\.json;/,
  ],
  [
    'tokens that do not count',
    async (folder) => {
      await setPooling(folder, { include_prompt: false });
      const prompts = { prompts: { query: 'q: ' }, default_prompt_name: 'query' };
      await editJson(path.join(folder, 'config_sentence_transformers.json'), prompts);
    },
    /got include_prompt false and a prompt before each text, expected vectors of all tokens;/,
  ],
  [
    'a prompt that is not there',
    (folder) =>
      editJson(path.join(folder, 'config_sentence_transformers.json'), { default_prompt_name: 'other' }),
    /got the default_prompt_name "other" without such a prompt, expected one of its prompts;/,
  ],
  [
    'an activation that is not computed here',
    (folder) => setDense(folder, { activation_function: 'torch.nn.modules.activation.GELU' }),
    /activation_function: got "torch\.nn\.modules\.activation\.GELU", /,
  ],
  [
    'a dense layer of another width',
    (folder) => setDense(folder, { in_features: 32 }),
    /got a layer for vectors of width 32, expected 16, what comes before it;/,
  ],
  [
    'a dense layer whose weights are others',
    (folder) => setDense(folder, { out_features: 6 }),
    /got a tensor linear\.(weight|bias) of shape \[5(,16)?\], expected \[6(,16)?\] by/,
  ],
  [
    'a dense layer without weights that can be read',
    async (folder) => {
      await rm(path.join(folder, '2_Dense', 'model.safetensors'));
      await writeFile(path.join(folder, '2_Dense', 'pytorch_model.bin'), 'pickle');
    },
    /2_Dense: got pytorch_model\.bin, /,
  ],
];

for (const [what, change, message] of REFUSED) {
  test(`refused: ${what}`, async (context) => {
    const { folder } = await folderOf(context, 'cls-dense-normalize');
    await change(folder);
    await assert.rejects(embedSentences(folder, ['a']), refused(message));
  });
}

async function addModule(folder: string, type: string, name: string): Promise<void> {
  const file = path.join(folder, 'modules.json');
  const modules = JSON.parse(await readFile(file, 'utf8')).slice(0, 3);
  await writeFile(file, JSON.stringify([...modules, { idx: 3, name: '3', path: name, type }]));
  if (!name.startsWith('.')) await mkdir(path.join(folder, name));
}

const setPooling = (folder: string, changes: Readonly<Record<string, unknown>>) =>
  editJson(path.join(folder, '1_Pooling', 'config.json'), { pooling_mode: undefined, ...changes });

const setDense = (folder: string, changes: Readonly<Record<string, unknown>>) =>
  editJson(path.join(folder, '2_Dense', 'config.json'), changes);
