// Stage: a small Llama, trained from scratch on the catalogue's own text and saved as a Hugging Face folder.
import path from 'node:path';
import { itemText } from '../../src/instructions/item-text.ts';
import { type BaseModel, loadBaseModel, saveBaseModel } from '../../src/language-model/files/model-folder.ts';
import { trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { pretrainCausal } from '../../src/language-model/training/causal-pretraining.ts';
import type { LlamaConfig } from '../../src/network/transformer/llama.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, runStage, stageFolder } from '../stage.ts';

export interface PretrainedLanguageModel extends BaseModel {
  /** Of the stage. */
  readonly key: string;
}

export async function pretrainLanguageModel(learning: Learning): Promise<PretrainedLanguageModel> {
  const { dataset, hashes, preset, seed, progress } = learning;
  const { own } = preset.languageModel;
  const { tokens, mostPasses, rowLength, batchSize, learningRate, descriptionWords } = own.pretraining;
  const texts = dataset.items.map((item) => itemText(item, descriptionWords));
  const stage = defineStage('pretrain-language-model', 1, { items: hashes.items, own, seed });
  await runStage(learning, stage, async ({ folder, checkpoint }) => {
    const tokenizer = await trainTokenizer(texts, own.vocabularySize);
    const config: LlamaConfig = {
      vocab_size: tokenizer.vocabularySize,
      hidden_size: own.hiddenSize,
      // As in Llama: SwiGLU at the cost of 4 H.
      intermediate_size: Math.ceil((own.hiddenSize * 8) / 3 / 32) * 32,
      num_hidden_layers: own.layers,
      num_attention_heads: own.heads,
      max_position_embeddings: own.positions,
      rms_norm_eps: 1e-6,
      rope_theta: 10_000,
    };
    const encoded = await tokenizer.encode(texts);
    const corpusTokens = encoded.reduce((sum, text) => sum + text.length, 0);
    const { values, loss } = await pretrainCausal(encoded, {
      config,
      endOfText: tokenizer.endOfText,
      batchSize,
      length: rowLength,
      tokens: Math.min(tokens, mostPasses * corpusTokens),
      learningRate,
      seed: `${seed}/language-model`,
      checkpoint,
      progress,
    });
    saveBaseModel(modelIn(folder), values, config, tokenizer);
    return { tensors: new Map(), facts: { loss, vocabulary: tokenizer.vocabularySize } };
  });
  return { ...(await loadBaseModel(modelIn(stageFolder(learning, stage)))), key: stage.key };
}

const modelIn = (folder: string): string => path.join(folder, 'language-model');
