import { createHash } from 'node:crypto';
import type { EmbeddedStudy } from '../study/study-answer.ts';
import type { RunStatus, Update } from './model/run-view.ts';

/*
 * A run as one HTML file: the page, its style and the run's data in it, and nothing from elsewhere.
 *
 * Names of workers and classes are texts of others. In the file they are JSON without any "<", so
 * that none of them can end the element that they are in. And the file's own policy lets a browser
 * run one script, whose hash it names, and load nothing at all.
 *
 * The file may be sent to anybody. So it does not have the workers' network addresses.
 */

export interface ReportParts {
  readonly script: string;
  readonly style: string;
}

/** The ids of the elements with the data of the run and of its net, as the page looks for them. */
const DATA_ID = 'lockstep-run';
const STUDY_ID = 'lockstep-study';

/** `study` is the net; undefined if only the run is to be shown. */
export function reportHtml(
  update: Update,
  study: EmbeddedStudy | undefined,
  { script, style }: ReportParts,
): string {
  const code = safeScript(script);
  const css = style.replaceAll('</', '<\\/');
  const kernels = study ? " 'wasm-unsafe-eval'" : '';
  const policy =
    `default-src 'none'; script-src '${hashOf(code)}'${kernels}; style-src '${hashOf(css)}'; ` +
    "img-src data: blob:; base-uri 'none'; form-action 'none'";
  const net = study ? jsonElement(STUDY_ID, study) : '';
  const data = jsonElement(DATA_ID, inFile(update)) + net;
  const title = escapeText(update.facts?.runDir ?? 'a run');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Lockstep: ${title}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
<div id="dashboard"></div>
<noscript><p>This page draws a run of Lockstep with JavaScript.</p></noscript>
${data}<script type="module">${code}</script>
</body>
</html>
`;
}

const jsonElement = (id: string, value: object): string =>
  `<script type="application/json" id="${id}">${safeJson(value)}</script>\n`;

/** The update for a page that has nobody to ask, without addresses. */
function inFile({ moments = [], status, facts, ...update }: Update): Update {
  const cleaned = (of: RunStatus): RunStatus => ({
    ...of,
    workers: of.workers.map((worker) => ({ ...worker, address: null })),
  });
  return {
    ...update,
    ...(facts && { facts: { ...facts, isFile: true } }),
    status: cleaned(status),
    moments: moments.map((moment) => ({ ...moment, status: cleaned(moment.status) })),
  };
}

/** JSON that ends no element, and begins no comment. */
export const safeJson = (value: object): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/**
 * JavaScript whose strings end no element, and begin none. Only strings and regular expressions
 * have such texts, and there `\x3c` is the same.
 */
const safeScript = (script: string): string => script.replaceAll(/<(?=\/?script|!--)/gi, '\\x3c');

const hashOf = (text: string): string =>
  `sha256-${createHash('sha256').update(text).digest('base64')}`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const escapeText = (text: string): string =>
  text.replaceAll(/[&<>]/g, (character) => ENTITIES[character]);
