/** How often the browser asks again. */
const REFRESH_SECONDS = 5;

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
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const head = columns.map((column) => `<th scope="col">${words(column)}</th>`).join('');
  const body = rows.map(
    (row) => `<tr>${columns.map((column) => `<td>${show(row.get(column))}</td>`).join('')}</tr>`,
  );
  return table(words(name), [`<tr>${head}</tr>`, ...body]);
}

function factTable(caption: string, facts: readonly (readonly [string, unknown])[]): string {
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${words(name)}</th><td>${show(value)}</td></tr>`,
  );
  return table(caption, rows);
}

const table = (caption: string, rows: readonly string[]): string =>
  `<h2>${caption}</h2>\n<table border="1" cellpadding="4">\n${rows.join('\n')}\n</table>`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** "examplesPerSecond" as "Examples per second", escaped. */
function words(name: string): string {
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return escapeHtml(text.charAt(0).toUpperCase() + text.slice(1));
}

function show(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return escapeHtml(isObject(value) ? JSON.stringify(value) : String(value));
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
