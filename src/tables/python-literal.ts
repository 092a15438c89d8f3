// One Python literal, as repr() writes values: dicts, lists, tuples, sets, strings, bytes, numbers, True,
// False and None. Data sets that were written with print() or str() have a dict of these on each line;
// nothing of it is evaluated. Grammar: https://docs.python.org/3/reference/lexical_analysis.html#literals

/** As deep as JSON.parse is asked to go elsewhere: deeper is no data. */
const DEEPEST = 100;

/** Where a text is no literal. */
export class NoLiteral extends Error {
  /** 0-based. */
  readonly at: number;

  constructor(at: number) {
    super('no Python literal');
    this.at = at;
  }
}

/**
 * Throws NoLiteral, also where a dict has a key twice. Tuples and sets become arrays, integers that a double
 * cannot hold bigints, bytes the text that they are in UTF-8.
 */
export function parsePythonLiteral(text: string): unknown {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

const SIMPLE = /(?:True|False|None|nan|inf|-inf)\b/y;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[lL]?/y;
const STRING = /([uUbB]?[rR]?|[rR][bB])('''|"""|'|")/y;
/** What is neither an escape nor a quotation mark. */
const PLAIN: Readonly<Record<string, RegExp>> = { "'": /[^'\\]*/y, '"': /[^"\\]*/y };
/** As Python reads no longer ones. */
const MOST_DIGITS = 4_300;
const BLANKS = /\s*/y;
const SIMPLE_VALUES: Readonly<Record<string, unknown>> = {
  True: true,
  False: false,
  None: null,
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\', "'": "'", '"': '"', '\n': '' },
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): unknown {
    this.#take(BLANKS);
    const opening = this.#text[this.#at];
    if (opening in CLOSING) {
      if (depth === DEEPEST) throw new NoLiteral(this.#at);
      return opening === '{' ? this.#braces(depth) : this.#list(CLOSING[opening], depth);
    }
    const simple = this.#take(SIMPLE);
    if (simple !== undefined) return SIMPLE_VALUES[simple[0]];
    if (this.#looksLikeString()) return this.#strings();
    const number = this.#take(NUMBER);
    if (number === undefined || number[0].length > MOST_DIGITS) throw new NoLiteral(this.#at);
    return numberOf(number[0]);
  }

  end(): void {
    this.#take(BLANKS);
    if (this.#at < this.#text.length) throw new NoLiteral(this.#at);
  }

  #list(closing: string, depth: number): unknown[] {
    this.#at++;
    return this.#takes(closing) ? [] : this.#rest([this.value(depth + 1)], closing, depth);
  }

  /** What stands behind the first value of a list. */
  #rest(values: unknown[], closing: string, depth: number): unknown[] {
    while (!this.#takes(closing)) {
      this.#expect(',');
      if (this.#takes(closing)) break;
      values.push(this.value(depth + 1));
    }
    return values;
  }

  /** A dict, or a set. */
  #braces(depth: number): unknown {
    this.#at++;
    const entries = new Map<string, unknown>();
    while (!this.#takes('}')) {
      const key = this.value(depth + 1);
      if (entries.size === 0 && !this.#isNext(':')) return this.#rest([key], '}', depth);
      this.#expect(':');
      if (entries.has(String(key))) throw new NoLiteral(this.#at);
      entries.set(String(key), this.value(depth + 1));
      if (!this.#isNext('}')) this.#expect(',');
    }
    return Object.fromEntries(entries);
  }

  #looksLikeString(): boolean {
    STRING.lastIndex = this.#at;
    return STRING.test(this.#text);
  }

  /** Strings that stand beside each other are one. */
  #strings(): string {
    const texts: string[] = [];
    for (;;) {
      const opened = this.#take(STRING);
      if (opened === undefined) return texts.join('');
      const [, prefix, quote] = opened;
      const [isRaw, isBytes] = [/r/i.test(prefix), /b/i.test(prefix)];
      const text = this.#string(quote, () => (isRaw ? this.#kept() : this.#escape(isBytes)));
      texts.push(isBytes ? Buffer.from(text, 'latin1').toString() : text);
      this.#take(BLANKS);
    }
  }

  /** `escaped` takes what a backslash stands before. */
  #string(quote: string, escaped: () => string): string {
    const start = this.#at;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#take(PLAIN[quote[0]])![0]);
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return parts.join('');
      }
      const character = this.#text[this.#at++];
      if (this.#at >= this.#text.length) throw new NoLiteral(start);
      parts.push(character === '\\' ? escaped() : character);
    }
  }

  /** In a raw string a backslash keeps what follows from ending it, and both stay. */
  #kept(): string {
    return `\\${this.#text[this.#at++]}`;
  }

  #escape(isBytes: boolean): string {
    const letter = this.#text[this.#at++];
    if (letter in ESCAPES) return ESCAPES[letter];
    if (/[0-7]/.test(letter)) {
      this.#at--;
      return this.#character(8, /[0-7]{1,3}/y);
    }
    if (letter === 'x') return this.#character(16, /[\da-fA-F]{2}/y);
    if (isBytes) return `\\${letter}`;
    if (letter === 'u') return this.#character(16, /[\da-fA-F]{4}/y);
    if (letter === 'U') return this.#character(16, /[\da-fA-F]{8}/y);
    if (letter === 'N') throw new NoLiteral(this.#at); // a character by its name, which repr() does not write
    return `\\${letter}`; // as Python keeps what is no escape
  }

  #character(base: number, form: RegExp): string {
    const digits = this.#take(form)?.[0] ?? '';
    const code = Number.parseInt(digits, base);
    if (!(code <= 0x10ffff)) throw new NoLiteral(this.#at);
    return String.fromCodePoint(code);
  }

  #isNext(character: string): boolean {
    this.#take(BLANKS);
    return this.#text[this.#at] === character;
  }

  #takes(character: string): boolean {
    if (!this.#isNext(character)) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw new NoLiteral(this.#at);
  }

  #take(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text) ?? undefined;
    if (found) this.#at = form.lastIndex;
    return found;
  }
}

function numberOf(text: string): number | bigint {
  const digits = text.replace(/_|[lL]$/g, '');
  const value = Number(digits);
  if (Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(digits)) return value;
  return BigInt(digits.replace('+', ''));
}
