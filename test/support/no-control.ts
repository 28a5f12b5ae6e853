import { ControlError } from '../../coordinator/control/control-error.ts';
import type { RunControl } from '../../coordinator/control/run-control.ts';

/** The control of a server that has no run. */
export const noControl: RunControl = {
  view: (may) => ({ may, actions: [], chaos: null }),
  perform({ action }) {
    throw new ControlError(409, `no run for ${action}`);
  },
};
