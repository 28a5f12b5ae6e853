import { html, nothing, type TemplateResult } from 'lit-html';
import type { Term, UnitStudy } from '../../../../../shared/study/unit-study.ts';
import { formatCount } from '../../format.ts';
import type { Backward } from './backward-state.ts';
import { columnFormat, largestTerms, showFour, type TermOrder } from './sums.ts';

/** So many products of a sum are shown one by one. */
const TERMS_MAX = 5;

/** What the tables of a unit need to know of its net. */
export interface UnitContext {
  readonly column: number;
  readonly order: TermOrder;
  readonly parameter: number | undefined;
  readonly nameBefore: (unit: number) => string;
  readonly nameAfter: (unit: number) => string;
  readonly actions: Backward;
}

/** The products of z, the largest first. They and the rest add up to z. */
export function forwardTable(unit: UnitStudy, context: UnitContext): TemplateResult {
  const { forward, bias, biasGradient, sum } = unit;
  const { shown, restCount, restSum } = largestTerms(forward, TERMS_MAX, context.order);
  const show = columnFormat([...shown.map(({ product }) => product), restSum, bias ?? 0, sum]);
  const isTrained = bias !== null;
  const line = (name: string, product: number, gradient?: number | null) =>
    html`<tr>
      <th scope="row" colspan="3">${name}</th>
      <td>${show(product)}</td>
      ${isTrained ? html`<td>${gradient == null ? nothing : showFour(gradient)}</td>` : nothing}
    </tr>`;
  return html`<table class="terms">
    <thead>
      <tr>
        <th scope="col">from</th>
        <th scope="col">a</th>
        <th scope="col">w</th>
        <th scope="col">w · a</th>
        ${isTrained ? html`<th scope="col">∂L/∂w</th>` : nothing}
      </tr>
    </thead>
    <tbody>
      ${shown.map((term) => forwardRow(term, show, context))}
      ${restCount > 0 ? line(`${formatCount(restCount)} others`, restSum) : nothing}
      ${bias !== null ? line('+ b, the bias', bias, biasGradient) : nothing}
      <tr class="sum">
        <th scope="row" colspan="3">= z</th>
        <td>${show(sum)}</td>
        ${isTrained ? html`<td></td>` : nothing}
      </tr>
    </tbody>
  </table>`;
}

function forwardRow(
  { from, value, weight, product, parameter, gradient }: Term,
  show: (value: number) => string,
  { column, nameBefore, parameter: chosen, actions }: UnitContext,
): TemplateResult {
  const go = () => actions.pick({ column: column - 1, unit: from });
  const name = nameBefore(from);
  return html`<tr>
    <th scope="row">
      <button class="link" @click=${go} aria-label="Before: ${name}">${name}</button>
    </th>
    <td>${showFour(value)}</td>
    <td>${showFour(weight)}</td>
    <td>${show(product)}</td>
    ${
      parameter === null
        ? nothing
        : html`<td>
            <button
              class="link"
              aria-pressed=${parameter === chosen}
              aria-label="${showFour(gradient ?? 0)}: ∂L/∂w of the weight from ${name}"
              @click=${() => actions.pickWeight(parameter)}
            >
              ${showFour(gradient ?? 0)}
            </button>
          </td>`
    }
  </tr>`;
}

/** The products of ∂L/∂a, the largest first. */
export function backwardTable(
  { backward, error }: UnitStudy,
  { column, nameAfter, actions }: UnitContext,
): TemplateResult {
  const { shown, restCount, restSum } = largestTerms(backward, TERMS_MAX);
  const show = columnFormat([...shown.map(({ product }) => product), restSum, error ?? 0]);
  return html`<table class="terms">
    <thead>
      <tr>
        <th scope="col">to</th>
        <th scope="col">w</th>
        <th scope="col">δ there</th>
        <th scope="col">w · δ</th>
      </tr>
    </thead>
    <tbody>
      ${shown.map(({ to, weight, value, product }) => {
        const go = () => actions.pick({ column: column + 1, unit: to });
        const name = nameAfter(to);
        return html`<tr>
          <th scope="row">
            <button class="link" @click=${go} aria-label="Behind: ${name}">${name}</button>
          </th>
          <td>${showFour(weight)}</td>
          <td>${showFour(value)}</td>
          <td>${show(product)}</td>
        </tr>`;
      })}
      ${
        restCount > 0
          ? html`<tr>
              <th scope="row" colspan="3">${formatCount(restCount)} others</th>
              <td>${show(restSum)}</td>
            </tr>`
          : nothing
      }
      <tr class="sum">
        <th scope="row" colspan="3">= ∂L/∂a</th>
        <td>${show(error ?? 0)}</td>
      </tr>
    </tbody>
  </table>`;
}

/** How the derivative by one weight is computed: one product, or a sum over positions. */
export function weightDetail(
  { weight, delta }: UnitStudy,
  { nameBefore }: UnitContext,
  nameOwn: (unit: number) => string,
): TemplateResult | typeof nothing {
  if (!weight) return nothing;
  const { terms, gradient } = weight;
  if (terms.length === 1) {
    const [{ from, value, product }] = terms;
    return html`<p class="weight" aria-live="polite">
      <b>The weight from ${nameBefore(from)}</b>: ∂L/∂w = a · δ = ${showFour(value)} ·
      ${showFour(delta ?? 0)} = ${showFour(product)}. The engine has ${showFour(gradient)}, too.
    </p>`;
  }
  const { shown, restCount, restSum, total } = largestTerms(
    terms.map((term) => ({ ...term, gradient: null })),
    TERMS_MAX,
  );
  const show = columnFormat([...shown.map(({ product }) => product), restSum, gradient]);
  return html`<p class="weight" aria-live="polite">
      <b>This weight of the kernel</b> is used at ${formatCount(terms.length)} positions, so ∂L/∂w =
      Σ a · δ over them. The engine has ${showFour(gradient)}, too.
    </p>
    <table class="terms">
      <thead>
        <tr>
          <th scope="col">δ at</th>
          <th scope="col">a · δ</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          ({ to, product }) => html`<tr>
            <th scope="row">${nameOwn(to)}</th>
            <td>${show(product)}</td>
          </tr>`,
        )}
        <tr>
          <th scope="row">${formatCount(restCount)} others</th>
          <td>${show(restSum)}</td>
        </tr>
        <tr class="sum">
          <th scope="row">= ∂L/∂w</th>
          <td>${show(total)}</td>
        </tr>
      </tbody>
    </table>`;
}
