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
 * cannot hold bigints.
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
/** What is neither an escape nor the end of a string, by its quotation marks. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  "'": /[^'\\]*/y,
  '"': /[^"\\]*/y,
  "'''": /(?:[^'\\]|'(?!''))*/y,
  '"""': /(?:[^"\\]|"(?!""))*/y,
};
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
    if (number === undefined) throw new NoLiteral(this.#at);
    return numberOf(number[0]);
  }

  end(): void {
    this.#take(BLANKS);
    if (this.#at < this.#text.length) throw new NoLiteral(this.#at);
  }

  #list(closing: string, depth: number): unknown[] {
    this.#at++;
    const values: unknown[] = [];
    while (!this.#takes(closing)) {
      values.push(this.value(depth + 1));
      if (!this.#takes(',')) {
        this.#expect(closing);
        break;
      }
    }
    return values;
  }

  /** A dict, or a set. */
  #braces(depth: number): unknown {
    const start = this.#at;
    this.#at++;
    const entries: [string, unknown][] = [];
    const keys = new Set<string>();
    while (!this.#takes('}')) {
      const key = this.value(depth + 1);
      if (entries.length === 0 && !this.#takes(':')) {
        this.#at = start;
        return this.#list('}', depth);
      }
      if (entries.length > 0) this.#expect(':');
      if (keys.has(String(key))) throw new NoLiteral(this.#at);
      keys.add(String(key));
      entries.push([String(key), this.value(depth + 1)]);
      if (!this.#takes(',')) {
        this.#expect('}');
        break;
      }
    }
    return Object.fromEntries(entries);
  }

  #looksLikeString(): boolean {
    STRING.lastIndex = this.#at;
    return STRING.test(this.#text);
  }

  /** Strings that stand beside each other are one. */
  #strings(): string {
    let text = '';
    for (;;) {
      const opened = this.#take(STRING);
      if (opened === undefined) return text;
      const [, prefix, quote] = opened;
      text += /r/i.test(prefix) ? this.#raw(quote) : this.#escaped(quote);
      this.#take(BLANKS);
    }
  }

  #raw(quote: string): string {
    const start = this.#at;
    for (;;) {
      this.#take(PLAIN[quote]);
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return this.#text.slice(start, this.#at - quote.length);
      }
      this.#at += 2; // a backslash, and what it keeps from ending the string
      if (this.#at > this.#text.length) throw new NoLiteral(start);
    }
  }

  #escaped(quote: string): string {
    const start = this.#at;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#take(PLAIN[quote])![0]);
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return parts.join('');
      }
      this.#at++;
      if (this.#at >= this.#text.length) throw new NoLiteral(start);
      parts.push(this.#escape());
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at++];
    if (letter in ESCAPES) return ESCAPES[letter];
    const length = { x: 2, u: 4, U: 8 }[letter];
    if (length !== undefined) return this.#character(16, new RegExp(`[\\da-fA-F]{${length}}`, 'y'));
    if (/[0-7]/.test(letter)) {
      this.#at--;
      return this.#character(8, /[0-7]{1,3}/y);
    }
    return `\\${letter}`; // as Python keeps what is no escape
  }

  #character(base: number, form: RegExp): string {
    const digits = this.#take(form)?.[0] ?? '';
    const code = Number.parseInt(digits, base);
    if (!(code <= 0x10ffff)) throw new NoLiteral(this.#at);
    return String.fromCodePoint(code);
  }

  #takes(character: string): boolean {
    this.#take(BLANKS);
    if (this.#text[this.#at] !== character) return false;
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
