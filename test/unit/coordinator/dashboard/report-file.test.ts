import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { reportHtml, safeJson } from '../../../../coordinator/dashboard/report-file.ts';
import type { EmbeddedStudy } from '../../../../coordinator/study/study-answer.ts';
import { RecordedHistory } from '../../../support/recorded-history.ts';
import { toyWorker } from '../../../support/toy-view.ts';

const EVIL = '</script><script>alert(1)</script><!-- <script>';

function reportOf(script: string, style = 'p{}') {
  const run = new RecordedHistory();
  run.join(0, EVIL);
  run.train(10);
  const update = { ...run.recorder.updateAfter(undefined), time: 1 };
  return { update, html: reportHtml(update, undefined, { script, style }) };
}

/** The elements that a browser's parser finds: each ends at the first end of its kind. */
const elementsIn = (html: string, name: string) =>
  Array.from(html.matchAll(new RegExp(`<${name}([^>]*)>([\\s\\S]*?)</${name}>`, 'gi')));

describe('a run in one file', () => {
  test('has its data in an element that no text can end', () => {
    const { html, update } = reportOf('run()');
    const scripts = elementsIn(html, 'script');
    expect(scripts.map(([, attributes]) => attributes)).toEqual([
      ' type="application/json" id="lockstep-run"',
      ' type="module"',
    ]);
    const [[, , data]] = scripts;
    expect(data).not.toContain('<');
    const { status, ...others } = JSON.parse(JSON.stringify(update));
    expect(JSON.parse(data)).toMatchObject(others);
    expect(JSON.parse(data).facts.isFile).toBe(true);
    expect(JSON.parse(data).status).toMatchObject({ ...status, workers: [{ rank: 0 }] });
    expect(data).toContain('alert(1)');
  });

  test('has a script that means the same and ends no element', () => {
    const script = `const a = \`</script>\`, b = "<!--?lit$", c = /<script/i, d = 1 < 2;`;
    const { html } = reportOf(script);
    const [, [, , code]] = elementsIn(html, 'script');
    expect(code).not.toMatch(/<\/script|<!--|<script/i);
    const valuesOf = (text: string) =>
      new Function(`${text} return [a, b, String(c.test(a + '<SCRIPT')), d]`)();
    expect(valuesOf(code)).toEqual(valuesOf(script));
  });

  test('lets a browser run that script, use that style, and load nothing', () => {
    const { html } = reportOf('run("</script>")', 'p{content:"</style>"}');
    const policy = /content="(default-src [^"]*)"/.exec(html)?.[1] ?? '';
    const hashOf = (text: string) => createHash('sha256').update(text).digest('base64');
    const [, [, , code]] = elementsIn(html, 'script');
    const [[, , style]] = elementsIn(html, 'style');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${hashOf(code)}'`);
    expect(policy).toContain(`style-src 'sha256-${hashOf(style)}'`);
    expect(policy).not.toMatch(/unsafe|https?:|connect-src/);
    expect(html).not.toMatch(/(src|href)="(?!data:)/);
  });

  test('has the net, and may compute with its kernels', () => {
    const { update } = reportOf('run()');
    const study = { step: 3, parameters: '</script>', examples: 'AAAA', kernels: 'AGFzbQ==' };
    const html = reportHtml(update, study as EmbeddedStudy, { script: '', style: '' });
    const [, [, attributes, data]] = elementsIn(html, 'script');
    expect(attributes).toBe(' type="application/json" id="lockstep-study"');
    expect(JSON.parse(data)).toEqual(study);
    expect(html).toMatch(/script-src 'sha256-[^']*' 'wasm-unsafe-eval'; style-src/);
  });

  test('does not tell where the workers are', () => {
    const run = new RecordedHistory();
    run.join(0);
    run.workers.set(0, toyWorker(0, { place: 'network', address: '192.0.2.77' }));
    run.train(10);
    const moments = JSON.parse(run.recorder.momentsAsJson());
    const update = { ...run.recorder.updateAfter(undefined), moments, time: 1 };
    expect(JSON.stringify(update)).toContain('192.0.2.77');
    expect(reportHtml(update, undefined, { script: '', style: '' })).not.toContain('192.0.2.77');
  });

  test('has a title that is text', () => {
    const run = new RecordedHistory();
    const update = run.recorder.updateAfter(undefined);
    if (!update.facts) throw new Error('a whole update has facts');
    const facts = { ...update.facts, runDir: 'a<b>&c' };
    const html = reportHtml({ ...update, facts, time: 1 }, undefined, { script: '', style: '' });
    expect(html).toContain('<title>Lockstep: a&lt;b&gt;&amp;c</title>');
  });
});

test('JSON without "<" is the same JSON', () => {
  expect(JSON.parse(safeJson([EVIL, { '<a': 1 }]))).toEqual([EVIL, { '<a': 1 }]);
});
