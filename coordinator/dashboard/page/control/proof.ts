import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatHash } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import type { Ui } from '../ui.ts';

/** The hashes that prove which parameters a run had, and what they are compared with. */
export const proof: Panel = {
  id: 'proof',
  name: 'Proof',
  title: ({ status }) =>
    status?.fingerprint
      ? `After step ${formatCount(status.step)} the parameters have the fingerprint ` +
        `${formatHash(status.fingerprint)}.`
      : `The page does not have the fingerprint of step ${formatCount(status?.step ?? 0)}.`,
  body: (view, ui) =>
    html`<dl class="hashes">${hashesOf(view).map((hash) => hashRow(hash, ui))}</dl>
      <p class="meaning">
        The fingerprint is a digest of the parameters after one step. The chain is a hash over all
        fingerprints so far: runs with the same chain had the same parameters after every step. The
        SHA-256 is that of the trained model: the same for any number of workers.
      </p>
      ${verification(view)} ${comparison(view, ui)}`,
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
  const copy = () =>
    navigator.clipboard
      .writeText(value)
      .then(() => ui.change({ proof: { ...ui.choices.proof, copied: value } }));
  // On a page without TLS from elsewhere there is no clipboard. A click selects the whole hash.
  return html`<dt>${name}</dt>
    <dd>
      <code class="hash">${value}</code>
      <button
        class="quiet"
        ?hidden=${!navigator.clipboard}
        @click=${copy}
        aria-label="Copy the ${name}"
      >
        ${choices.copied === value ? 'Copied' : 'Copy'}
      </button>
    </dd>`;
}

/** Whether somebody has computed steps again; nothing while nobody can know. */
function verification({ status }: RunView): TemplateResult | typeof nothing {
  if (!status?.verification) return nothing;
  const { isPassed, isFailed, sentence, command } = status.verification;
  return html`<p class=${isPassed ? 'verified' : isFailed ? 'warning' : ''}>${sentence}</p>
    <p ?hidden=${isPassed}>To verify it: <code>${command}</code></p>`;
}

function comparison(view: RunView, ui: Ui): TemplateResult {
  const { runs = [], answer } = ui.choices.proof;
  const change = (part: Partial<Ui['choices']['proof']>) =>
    ui.change({ proof: { ...ui.choices.proof, ...part } });
  const open = async () => {
    if (ui.choices.proof.runs !== undefined) return;
    change({ runs: [] });
    const found = await askFor(ui, '').catch(() => undefined);
    if (found?.runs) change({ runs: found.runs });
  };
  const ask = async (query: string, without?: string) => {
    const say = ({ message }: Error) => without ?? message;
    change({ answer: await askFor(ui, query).then(({ sentence = '' }) => sentence, say) });
  };
  const compare = (event: Event) => {
    const name = (event.target as HTMLSelectElement).value;
    if (name !== '') void ask(`?run=${encodeURIComponent(name)}`);
  };
  const look = (event: SubmitEvent) => {
    event.preventDefault();
    const hash = String(new FormData(event.target as HTMLFormElement).get('hash')).trim();
    void ask(`?hash=${encodeURIComponent(hash)}`, sentenceOnPage(view, hash.toLowerCase()));
  };
  return html`<details class="compare" @toggle=${open}>
    <summary>Compare with another run</summary>
    <label ?hidden=${runs.length === 0}
      >A run beside this one
      <select @change=${compare}>
        <option value="">choose</option>
        ${runs.map((name) => html`<option value=${name}>${name}</option>`)}
      </select></label
    >
    <form @submit=${look}>
      <label
        >A chain, fingerprint or SHA-256 of another run
        <input name="hash" autocomplete="off" spellcheck="false" required
      /></label>
      <button>Compare</button>
    </form>
    <p role="status">${answer}</p>
  </details>`;
}

/** Where a hash is among those on the page. A page from a file has nobody else to ask. */
function sentenceOnPage(view: RunView, hash: string): string | undefined {
  const { step = 0 } = view.status ?? {};
  const found = hashesOf(view).find(({ value }) => value === hash);
  return found && `Equal: it is the ${found.name} of this run after step ${formatCount(step)}.`;
}

interface ProofAnswer {
  readonly runs?: readonly string[];
  readonly sentence?: string;
  readonly error?: string;
}

async function askFor(ui: Ui, query: string): Promise<ProofAnswer> {
  const response = await ui.ask(`api/proof${query}`);
  const answer: ProofAnswer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
