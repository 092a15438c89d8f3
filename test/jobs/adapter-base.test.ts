// Which model an adapter stands on: the one that the user names, or one that lies in the adapter's folder or
// beside it. Whatever else an adapter names is told and left alone.
import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { findOpenModel } from '../../src/language-model/external/open-model.ts';
import { silentProgress } from '../../src/progress.ts';
import { refused } from '../support/errors.ts';
import { editJson, fixtures } from '../support/model-folders.ts';
import { temporaryFolder } from '../support/stores.ts';

/** A store with a model and the adapters on it, and another model outside. */
async function setUp(context: TestContext, named: string) {
  const folder = await temporaryFolder(context);
  const adapter = path.join(folder, 'work', 'adapter');
  const copy = (fixture: string, at: string) =>
    cpSync(path.join(fixtures, fixture), path.join(folder, at), { recursive: true });
  copy('llama-2/adapter-some', 'work/adapter');
  copy('llama-2', 'work/language-model');
  copy('llama-2', 'work/adapter/inside');
  copy('llama-2', 'private model');
  symlinkSync(path.join(folder, 'private model'), path.join(folder, 'work', 'link'));
  const base = named.replace('FOLDER', folder);
  await editJson(path.join(adapter, 'adapter_config.json'), { base_model_name_or_path: base });
  const find = (given?: string) =>
    findOpenModel({ adapter, base: given }, { folder: path.join(folder, 'hub'), progress: silentProgress });
  return { folder, adapter, find };
}

for (const named of ['../language-model', 'inside', './inside/../../language-model']) {
  test(`${named} is followed`, async (context) => {
    const { adapter, find } = await setUp(context, named);
    assert.equal((await find())?.folder, path.join(adapter, named));
  });
}

const LEFT_ALONE: readonly (readonly [string, RegExp])[] = [
  ['../../private model', /give --base '\S+private model'\.$/],
  ['../link', /give --base \S+link\.$/],
  ['FOLDER/work/language-model', /give --base \S+language-model\.$/],
  ['FOLDER/nowhere', /give --base and the folder of that model\.$/],
  ['../nowhere', /give --base and the folder of that model\.$/],
  ['meta-llama/Llama-3.2-1B', /give --base hub:meta-llama\/Llama-3\.2-1B\.$/],
  ['x; rm -rf ~\n', /got the model "x; rm -rf ~\\n", .*give --base and the folder of that model\.$/],
];

for (const [named, message] of LEFT_ALONE) {
  test(`${JSON.stringify(named)} is told and not followed; --base is`, async (context) => {
    const { folder, adapter, find } = await setUp(context, named);
    const file = path.join(adapter, 'adapter_config.json');
    await assert.rejects(find(), refused(message, file));
    await assert.rejects(find(), refused(/neither in the adapter's folder nor beside it, .*: give --base /));
    const given = path.join(folder, 'private model');
    assert.equal((await find(given))?.folder, given);
  });
}
