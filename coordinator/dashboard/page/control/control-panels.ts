import type { Panel } from '../panel/panel.ts';
import { disturb } from './disturb.ts';
import { join } from './join.ts';
import { proof } from './proof.ts';

/** The last panels of the cluster, in the order of the page. */
export const CONTROL_PANELS: readonly Panel[] = [proof, disturb, join];
