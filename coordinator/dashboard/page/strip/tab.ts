import type { RunView } from '../../model/run-view.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import { styleColor } from '../drawing/colors.ts';
import { percentOf, stateWord, tabTitle } from './strip-text.ts';

/** Shows how far the run is where a tab in the background shows it: in its title and its icon. */
export function showInTab(view: RunView, connection: ConnectionState): void {
  const title = tabTitle(view, connection);
  if (document.title !== title) document.title = title;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const { status, facts } = view;
  if (!icon || !status || !facts) return;
  const { kind } = stateWord(view, connection);
  const address = iconOf(kind, percentOf(status.step, facts.stepCount));
  if (icon.getAttribute('href') !== address) icon.href = address;
}

/** A ring that fills, in the color of the state; at the end a triangle. */
function iconOf(kind: string, percent: number): string {
  const color = styleColor(`--${kind}`);
  const ring = (stroke: string, part: number) =>
    `<circle cx="8" cy="8" r="6" fill="none" stroke="${stroke}" stroke-width="4" ` +
    `pathLength="100" stroke-dasharray="${part} 100" transform="rotate(-90 8 8)"/>`;
  const isWhole = kind === 'good';
  const shape = isWhole
    ? `<path d="M8 1 15 14H1Z" fill="${color}"/>`
    : ring('#8888', 100) + ring(color, percent);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shape}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
