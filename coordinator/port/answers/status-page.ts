/** How often the browser asks again. */
const REFRESH_SECONDS = 5;

/** Names that the field's people know, and short ones for the columns of tables. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ pid: 'Process', examplesPerSecond: 'Examples/s', trainLoss: 'Recent training loss' },
  ...{ stepCount: 'Steps in all', epoch: 'Epoch', worldSize: 'Workers that are ready' },
  ...{ microBatchCount: 'Micro-batches per step', globalBatch: 'Examples per step' },
  ...{ parameterCount: 'Parameters', microBatches: 'Share', answeredShares: 'Answered' },
  ...{ lateLeaves: 'Micro-batches of late workers', lostLeaves: 'Micro-batches of lost workers' },
  ...{ discardedLeaves: 'Micro-batches of wrong sums', reassignedShares: 'Shares computed again' },
  ...{ joinedWorkers: 'Workers that joined', leftWorkers: 'Workers that left' },
  ...{ refusedWorkers: 'Workers refused', unreadyWorkers: 'Workers never ready' },
  ...{ staleAnswers: 'Sums that came too late', duplicateAnswers: 'Sums given twice' },
  ...{ auditedSums: 'Sums checked', passedAudits: 'Checks passed', checkedSums: 'Checked' },
  ...{ sentBytes: 'Sent', receivedBytes: 'Received', since: 'Here since', code: 'Kind' },
};

/** What a table of workers leaves out, so that it fits a screen: `GET /api/status` has it. */
const LEFT_OUT: readonly string[] = ['pid', 'runtime', 'threads', 'isHidden', 'place'];

/**
 * The status as plain HTML, for browsers without JavaScript. Each number and text is a row of a
 * table, and each list of objects is a table of its own. So new fields of the status appear by
 * themselves.
 */
export function statusPage(status: object): string {
  const entries = Object.entries(status);
  const facts = entries.filter(([, value]) => !isObject(value));
  const groups = entries.filter(([, value]) => isObject(value));
  const title = titleOf(new Map(facts));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<link rel="icon" href="data:,">
<title>${title} – Lockstep</title>
</head>
<body>
<main>
<h1>${title}</h1>
<p>This page loads itself again every ${REFRESH_SECONDS} seconds. <a href="./">The dashboard</a>
shows more, with JavaScript.</p>
${factTable('The run', facts)}
${groups.map(([name, value]) => groupTable(name, value)).join('\n')}
</main>
</body>
</html>
`;
}

/** Escaped. */
function titleOf(facts: ReadonlyMap<string, unknown>): string {
  const [state, step, stepCount] = ['state', 'step', 'stepCount'].map((name) => facts.get(name));
  if (typeof step !== 'number' || typeof stepCount !== 'number') return words(String(state));
  return `${words(String(state))}, step ${step} of ${stepCount}`;
}

function groupTable(name: string, value: unknown): string {
  if (!Array.isArray(value)) return factTable(words(name), Object.entries(value ?? {}));
  const rows = value.filter(isObject).map((row) => new Map(Object.entries(row)));
  if (rows.length === 0) return `<h2>${words(name)}</h2>\n<p>None.</p>`;
  const keys = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const columns = keys.filter((key) => !LEFT_OUT.includes(key));
  const head = columns.map((column) => `<th scope="col">${words(column)}</th>`).join('');
  const body = rows.map(
    (row) =>
      `<tr>${columns.map((column) => `<td>${show(row.get(column), column)}</td>`).join('')}</tr>`,
  );
  return table(words(name), [`<tr>${head}</tr>`, ...body]);
}

function factTable(caption: string, facts: readonly (readonly [string, unknown])[]): string {
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${words(name)}</th><td>${show(value, name)}</td></tr>`,
  );
  return table(caption, rows);
}

const table = (caption: string, rows: readonly string[]): string =>
  `<h2>${caption}</h2>\n<table border="1" cellpadding="4">\n${rows.join('\n')}\n</table>`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** "lateShares" as "Late shares", or the name in `NAMES`; escaped. */
function words(name: string): string {
  if (Object.hasOwn(NAMES, name)) return NAMES[name];
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return escapeHtml(text.charAt(0).toUpperCase() + text.slice(1));
}

/** A value, escaped. Bytes and times of day are written as people read them. */
function show(value: unknown, name: string): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return showNumber(value, name);
  if (typeof value === 'string' && ISO_TIME.test(value)) return `${value.slice(11, 19)} UTC`;
  return escapeHtml(isObject(value) ? JSON.stringify(value) : String(value));
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function showNumber(value: number, name: string): string {
  if (name.endsWith('Bytes')) return `${(value / 1e6).toFixed(1)} MB`;
  if (name === 'examplesPerSecond') return Math.round(value).toLocaleString('en-US');
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return String(Number(value.toPrecision(4)));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
