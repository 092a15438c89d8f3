// Learns BPE merges from a file of lines: node train-bpe.ts CORPUS OUTPUT. A process of its own (tokenizer.ts
// starts it), because the trainer blocks its thread and writes to the terminal without being asked.
import { BPE, byteLevelPreTokenizer, Tokenizer } from 'tokenizers';

const [corpus, output] = process.argv.slice(2);
const tokenizer = new Tokenizer(BPE.empty());
tokenizer.setPreTokenizer(byteLevelPreTokenizer(false));
tokenizer.train([corpus]);
tokenizer.save(output);
