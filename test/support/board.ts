import { readFileSync } from 'node:fs';

/** A panel of a Grafana board, as far as tests look at it. */
export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly { readonly refId: string; readonly expr: string }[];
}

export interface Board {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

export const BOARD_FILE = 'deploy/grafana/lockstep.json';

export const readBoard = (): Board => JSON.parse(readFileSync(BOARD_FILE, 'utf8'));

/** The queries of all panels, with their panels' titles. */
export const queriesOf = ({ panels }: Board) =>
  panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
