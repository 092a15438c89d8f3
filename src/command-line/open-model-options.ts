// Which language model a refresh takes instead of the small one that it trains itself.
import { Option } from 'commander';
import type { OpenModelFiles } from '../../jobs/open-model.ts';

export interface OpenModelOptions {
  readonly base?: string;
  readonly adapter?: string;
}

export const baseOption = () =>
  new Option(
    '--base <folder|hub:name>',
    'a language model to tune (Llama, Mistral, Qwen2, Qwen3, BERT), in place of a small one trained on the catalogue',
  );
export const adapterOption = () =>
  new Option(
    '--adapter <folder>',
    'a LoRA adapter and head tuned on it elsewhere, as jobs/finetune_trl.py leaves them',
  );

export const openModelFiles = ({ base, adapter }: OpenModelOptions): OpenModelFiles => ({ base, adapter });
