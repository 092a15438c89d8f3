// A refresh with a language model that somebody brings: it is tuned where no adapter comes with it, and read
// as it stands where one does. A failpoint ends the runs once items and users are read; the later stages are
// the usual ones.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { tslrec } from '../support/command-line.ts';
import { editJson, editTensors, fixtures } from '../support/model-folders.ts';
import { stageNames, stagesIn } from '../support/stages.ts';
import { emptyStoreFolder, temporaryFolder } from '../support/stores.ts';

test('refresh --base and --adapter', async (context) => {
  const folder = await temporaryFolder(context);
  const store = await emptyStoreFolder(context);
  await tslrec(folder, ['generate-sample', 'sample', '--users', '40', '--items', '20', '--categories', '2']);
  cpSync(path.join(fixtures, 'bert'), path.join(folder, 'bert'), { recursive: true });
  const refresh = (options: readonly string[]) =>
    tslrec(folder, ['refresh', '--data', 'sample', '--store', store, '--preset', 'quick', ...options], {
      TSLREC_FAILPOINT: 'after:infer',
    });
  /** The folders of a stage, in the order in which they came. */
  const found: string[] = [];
  const foldersOf = (stage: string): string[] => {
    found.push(...stagesIn(store).flatMap(([, at]) => (found.includes(at) ? [] : [at])));
    return found.filter((at) => path.basename(at).startsWith(`${stage}-`));
  };
  const copyOfBase = () => {
    cpSync(path.join(fixtures, 'bert'), path.join(folder, 'other'), { recursive: true });
    return editTensors(path.join(folder, 'other', 'model.safetensors'), (tensors) => {
      for (const { values } of tensors.values()) values[0] += 0.5;
    });
  };
  const read = async (at: string) => (await readSafetensors(path.join(at, 'output.safetensors'))).tensors;

  const tuned = await refresh(['--base', 'bert']);
  assert.equal(tuned.signal, 'SIGKILL', tuned.stderr);
  const [first] = foldersOf('infer');
  const [tuning] = foldersOf('fine-tune');
  await context.test(
    'it is tuned, nothing is pre-trained, and what does not depend on it lies where others find it',
    () => {
      assert.deepEqual(stageNames(store), ['categorise', 'fine-tune', 'infer', 'instruct', 'pretrain']);
      assert.deepEqual(readdirSync(tuning).sort(), ['adapter', 'output.safetensors']);
    },
  );

  await context.test(
    'an evaluation keeps the runs of each model apart, and the random start for all',
    async () => {
      await copyOfBase();
      for (const base of ['bert', 'other']) {
        const exit = await tslrec(folder, [
          ...['evaluate', '--data', 'sample', '--store', store, '--preset', 'quick', '--base', base],
          ...['--arms', 'random,untuned', '--modes', 'frozen', '--models', 'sasrec', '--seeds', '1'],
        ]);
        assert.equal(exit.code, 0, exit.stderr);
      }
      assert.deepEqual(
        stageNames(store).filter((name) => name.startsWith('evaluate-')),
        ['evaluate-sasrec-random-init-1', ...Array(2).fill('evaluate-sasrec-untuned-frozen-1')],
      );
    },
  );

  const adapter = path.join(folder, 'elsewhere');
  cpSync(path.join(tuning, 'adapter'), adapter, { recursive: true });
  const head = path.join(adapter, 'head.safetensors');

  await context.test(
    'its adapter, given with it, gives the very same reading without a training',
    async () => {
      const exit = await refresh(['--base', 'bert', '--adapter', 'elsewhere']);
      assert.equal(exit.signal, 'SIGKILL', exit.stderr);
      const [, second] = foldersOf('infer');
      assert.equal(foldersOf('fine-tune').length, 1);
      assert.deepEqual(await read(second), await read(first));
    },
  );

  await context.test('an adapter names its model, which is followed where it lies beside it', async () => {
    await editJson(path.join(adapter, 'adapter_config.json'), { base_model_name_or_path: '../bert' });
    const exit = await refresh(['--adapter', 'elsewhere']);
    assert.equal(exit.signal, 'SIGKILL', exit.stderr);
    assert.equal(foldersOf('infer').length, 3);
  });

  const mistakes: [string, () => void, RegExp][] = [
    [
      'a head over the categories of other work',
      () => writeFileSync(path.join(adapter, 'sft.json'), '{"work": "0123"}'),
      /sft\.json: got a model tuned on .* other work \(0123\), expected \w{16}, .*; run `tslrec .*\.$/,
    ],
    [
      'a head over another number of categories',
      () => {
        rmSync(path.join(adapter, 'sft.json'));
        writeSafetensors(head, new Map([['score.weight', { shape: [3, 16], values: new Float32Array(48) }]]));
      },
      /head\.safetensors: got a head over 3 categories, expected the 2 of this data; run `tslrec .*\.$/,
    ],
  ];
  for (const [mistake, make, message] of mistakes) {
    await context.test(mistake, async () => {
      make();
      const exit = await refresh(['--base', 'bert', '--adapter', 'elsewhere']);
      assert.equal(exit.code, 1);
      assert.match(exit.stderr.trimEnd().split('\n').at(-1)!, message);
    });
  }
});

test('what is given and cannot be read is told before anything is trained', async (context) => {
  const folder = await temporaryFolder(context);
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);
  const copy = (fixture: string, name: string) =>
    cpSync(path.join(fixtures, fixture), path.join(folder, name), { recursive: true });
  copy('bert', 'other');
  await editJson(path.join(folder, 'other', 'config.json'), { model_type: 'gemma3_text' });
  copy('bert/adapter', 'unknown');
  await editJson(path.join(folder, 'unknown', 'adapter_config.json'), {
    base_model_name_or_path: '/tuned/there',
  });
  copy('bert/adapter', 'strange');
  await editJson(path.join(folder, 'strange', 'adapter_config.json'), { use_dora: true });
  copy('bert', 'bert');
  const mistakes: [string, RegExp][] = [
    ['--base other', /^tslrec: other\Sconfig\.json: model_type: got "gemma3_text", expected one of /],
    [
      '--adapter unknown',
      /^tslrec: unknown\Sadapter_config\.json: got the model "\/tuned\/there", .*: give --base .*\.$/,
    ],
    ['--base bert --adapter strange', /^tslrec: strange\Sadapter_config\.json: use_dora: got true, /],
    [
      '--base bert --adapter bert/adapter',
      /^tslrec: bert: got an encoder, expected a model that predicts the next token /,
    ],
  ];
  for (const [options, message] of mistakes) {
    const exit = await tslrec(folder, [
      'refresh',
      '--data',
      'sample',
      '--preset',
      'quick',
      ...options.split(' '),
    ]);
    assert.equal(exit.code, 1);
    const [sentence, ...rest] = exit.stderr.trimEnd().split('\n');
    assert.match(sentence, message);
    assert.deepEqual(rest, []);
  }
});

test('an adapter without a head is asked in words; of an untuned one none can be read', async (context) => {
  const folder = await temporaryFolder(context);
  const store = await emptyStoreFolder(context);
  writeSmallCatalogue(path.join(folder, 'sample'));
  cpSync(path.join(fixtures, 'llama-2'), path.join(folder, 'llama-2'), { recursive: true });
  // Room for a prompt and the longest answer.
  await editJson(path.join(folder, 'llama-2', 'config.json'), { max_position_embeddings: 512 });
  const parameters = ['--data', 'sample', '--store', store, '--preset', 'quick', '--base', 'llama-2'];
  const exit = await tslrec(folder, ['refresh', ...parameters, '--adapter', 'llama-2/adapter-all']);
  assert.equal(exit.code, 1);
  assert.match(
    exit.stderr.trimEnd().split('\n').at(-1)!,
    /^tslrec: llama-2: got 60 answers to 20 prompts and none that can be read .*; tune it .* chat\.jsonl /,
  );
});

/** 20 items in words that the model of the fixture knows, 24 users of five items each. */
function writeSmallCatalogue(folder: string): void {
  const titles = ['warm', 'small', 'green', 'blue', 'light'].flatMap((what) =>
    ['tent', 'lamp', 'chair', 'boots'].map((thing) => `${what} ${thing}`),
  );
  const items = titles.map((title, i) => `${JSON.stringify({ item_id: `i${i}`, title })}\n`);
  const rows = Array.from({ length: 24 * 5 }, (_, row) => {
    const [user, place] = [Math.floor(row / 5), row % 5];
    return `u${user},i${(user + place * (1 + (user % 3))) % titles.length},${place + 1}\n`;
  });
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'items.jsonl'), items.join(''));
  writeFileSync(path.join(folder, 'interactions.csv'), `user_id,item_id,timestamp\n${rows.join('')}`);
}
