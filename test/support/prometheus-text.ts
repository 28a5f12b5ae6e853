/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a text in Prometheus' format says. */
export interface Exposition {
  /** The type of each metric, such as `counter`. */
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
  /** The value of the only sample with this name and these labels; undefined if there is none. */
  value(name: string, labels?: Record<string, string>): number | undefined;
  /** The values of a metric, by a label. */
  byLabel(name: string, label: string): Record<string, number>;
}

const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/gy;

/** Reads the text format, version 0.0.4. Throws an error at what is not of it. */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind) {
      const into = kind === 'HELP' ? helps : types;
      if (into.has(name)) throw new Error(`${name} has two lines of ${kind}`);
      into.set(name, rest);
    } else samples.push(parseSample(line));
  }
  const find = (name: string, labels: Record<string, string>) =>
    samples.filter(
      (sample) =>
        sample.name === name &&
        JSON.stringify(Object.entries(sample.labels).sort()) ===
          JSON.stringify(Object.entries(labels).sort()),
    );
  return {
    types,
    helps,
    samples,
    value(name, labels = {}) {
      const found = find(name, labels);
      if (found.length > 1) throw new Error(`${name} is there ${found.length} times`);
      return found[0]?.value;
    },
    byLabel: (name, label) =>
      Object.fromEntries(
        samples
          .filter((sample) => sample.name === name)
          .map(({ labels, value }) => [labels[label], value]),
      ),
  };
}

function parseSample(line: string): Sample {
  const [, name, inner = '', number] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let end = 0;
  for (let label = LABEL.exec(inner); label; label = LABEL.exec(inner)) {
    labels[label[1]] = label[2].replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    end = LABEL.lastIndex;
    if (end === inner.length) break;
  }
  if (end !== inner.length) throw new Error(`bad labels: ${line}`);
  const value = Number(number.replace('Inf', 'Infinity').replace('Nan', 'NaN'));
  if (Number.isNaN(value) && number !== 'NaN') throw new Error(`no number: ${line}`);
  return { name, labels, value };
}
