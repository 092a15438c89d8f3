// Stage: a small Llama, trained from scratch on the catalogue's own text and saved as a Hugging Face folder.
import path from 'node:path';
import { itemText } from '../../src/instructions/item-text.ts';
import type { Item } from '../../src/interactions/dataset.ts';
import { type BaseModel, loadBaseModel, saveBaseModel } from '../../src/language-model/files/model-folder.ts';
import { trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { pretrainCausal } from '../../src/language-model/training/causal-pretraining.ts';
import type { LlamaConfig } from '../../src/network/transformer/llama.ts';
import type { Preset } from '../presets.ts';
import { type StageContext, stage } from '../stage.ts';

/** Tokens of a training row, and of a step's batch. */
const LENGTH = 128;
const BATCH_SIZE = 32;
const MOST_POSITIONS = 512;
/** How often the same text is read: more would only be learnt by heart. */
const MOST_PASSES = 8;
/** How much of a description it reads. */
const DESCRIPTION_WORDS = 100;

export async function pretrainLanguageModel(
  context: StageContext,
  items: readonly Item[],
  preset: Preset,
): Promise<BaseModel> {
  const folder = path.join(context.folder, 'language-model');
  const texts = items.map((item) => itemText(item, DESCRIPTION_WORDS));
  const { vocabularySize, hiddenSize, layers, heads, pretrainingTokens } = preset.languageModel;
  await stage(context, 'pretrain-language-model', async (checkpoint) => {
    const tokenizer = await trainTokenizer(texts, vocabularySize);
    const config: LlamaConfig = {
      vocab_size: tokenizer.vocabularySize,
      hidden_size: hiddenSize,
      intermediate_size: Math.ceil((hiddenSize * 8) / 3 / 32) * 32, // as in Llama: SwiGLU at the cost of 4 H
      num_hidden_layers: layers,
      num_attention_heads: heads,
      max_position_embeddings: MOST_POSITIONS,
      rms_norm_eps: 1e-6,
      rope_theta: 10_000,
    };
    const encoded = await tokenizer.encode(texts);
    const corpusTokens = encoded.reduce((sum, text) => sum + text.length, 0);
    const { values, loss } = await pretrainCausal(encoded, {
      config,
      endOfText: tokenizer.endOfText,
      batchSize: BATCH_SIZE,
      length: LENGTH,
      tokens: Math.min(pretrainingTokens, MOST_PASSES * corpusTokens),
      learningRate: 2e-3,
      seed: `${context.seed}/language-model`,
      checkpoint,
      progress: context.progress,
    });
    saveBaseModel(folder, values, config, tokenizer);
    return { tensors: new Map(), facts: { loss, vocabulary: tokenizer.vocabularySize } };
  });
  return loadBaseModel(folder);
}
