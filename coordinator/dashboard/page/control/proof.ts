import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import { askJson } from '../ask-json.ts';
import { copyText } from '../panel/copy-text.ts';
import type { Panel } from '../panel/panel.ts';
import type { Ui } from '../ui.ts';
import { sentenceOf } from './disturb-state.ts';
import { proofTitle } from './proof-text.ts';

/** The hashes that prove which parameters a run had, and what they are compared with. */
export const proof: Panel = {
  id: 'proof',
  name: 'Proof',
  title: proofTitle,
  body: (view, ui) =>
    html`<dl class="hashes">${hashesOf(view).map((hash) => hashRow(hash, ui))}</dl>
      <p class="meaning">
        The fingerprint is a digest of the parameters after one step. The chain is a hash over all
        fingerprints so far: runs with the same chain had the same parameters after every step. The
        SHA-256 is that of the trained model: the same for any number of workers.
      </p>
      ${verification(view)} ${view.facts?.isFile ? nothing : comparison(ui)}`,
  table: (view) => ({
    columns: [{ name: 'hash' }, { name: 'value' }],
    rows: hashesOf(view).map(({ name, value }) => [name, value]),
  }),
};

interface Hash {
  readonly name: string;
  readonly value: string | null;
}

function hashesOf({ status }: RunView): Hash[] {
  return [
    { name: 'fingerprint', value: status?.fingerprint ?? null },
    { name: 'chain', value: status?.chain ?? null },
    { name: 'SHA-256', value: status?.end?.parametersSha256 ?? null },
  ];
}

function hashRow({ name, value }: Hash, ui: Ui): TemplateResult {
  const { proof: choices } = ui.choices;
  if (value === null) return html`<dt>${name}</dt><dd>–</dd>`;
  const change = (copied: string) => ui.change({ proof: { ...ui.choices.proof, copied } });
  const copy = () => copyText(value).then(() => change(value), nothingToDo);
  // A click selects the whole hash, where the clipboard does not work.
  return html`<dt>${name}</dt>
    <dd>
      <code class="hash">${value}</code>
      <button class="quiet" @click=${copy} aria-label="Copy the ${name}">
        ${choices.copied === value ? 'Copied' : 'Copy'}
      </button>
    </dd>`;
}

const nothingToDo = () => {};

/** Whether somebody has computed steps again; nothing while nobody can know. */
function verification({ status }: RunView): TemplateResult | typeof nothing {
  if (!status?.verification) return nothing;
  const { isPassed, isFailed, sentence, command } = status.verification;
  return html`<p class=${isPassed ? 'verified' : isFailed ? 'warning' : ''}>${sentence}</p>
    <p ?hidden=${isPassed}>To verify it: <code>${command}</code></p>`;
}

function comparison(ui: Ui): TemplateResult {
  const { runs = [], answer } = ui.choices.proof;
  const change = (part: Partial<Ui['choices']['proof']>) =>
    ui.change({ proof: { ...ui.choices.proof, ...part } });
  const ask = async (query: string) => {
    const failed = ({ message }: Error): ProofAnswer => ({ sentence: sentenceOf(message) });
    const found = await askJson<ProofAnswer>(ui.ask, `api/proof${query}`).catch(failed);
    change({ ...(found.runs && { runs: found.runs }), answer: found.sentence ?? '' });
  };
  const open = () => {
    if (ui.choices.proof.runs) return;
    change({ runs: [] });
    void ask('');
  };
  const compare = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const [run, hash] = ['run', 'hash'].map((name) => String(given.get(name)).trim());
    if (hash) void ask(`?hash=${encodeURIComponent(hash)}`);
    else if (run) void ask(`?run=${encodeURIComponent(run)}`);
    else change({ answer: 'Choose a run, or give a hash.' });
  };
  return html`<details class="compare" @toggle=${open}>
    <summary>Compare with another run</summary>
    <form @submit=${compare}>
      <label ?hidden=${runs.length === 0}
        >A run beside this one
        <select name="run">
          <option value="">choose</option>
          ${runs.map((name) => html`<option value=${name}>${name}</option>`)}
        </select></label
      >
      <label
        >A chain, fingerprint or SHA-256 of another run
        <input name="hash" autocomplete="off" spellcheck="false"
      /></label>
      <button>Compare</button>
    </form>
    <p role="status">${answer}</p>
  </details>`;
}

/** The answer to `GET /api/proof`. */
interface ProofAnswer {
  readonly runs?: readonly string[];
  readonly sentence?: string;
}
