import type { Clock } from '../../shared/clock.ts';
import { ControlError } from './control-error.ts';
import type { ControlAction, ControlRequest } from './control-request.ts';
import type {
  ChaosChange,
  ChaosRates,
  MemberControls,
  OwnWorker,
  OwnWorkers,
} from './controlled.ts';

/*
 * What people do to a run while it trains: stop it, and disturb its workers to see that the result
 * stays the same.
 *
 * The rules.
 *   1. Nothing here can change a bit of the result. What would, is refused (`corrupt`).
 *   2. Whatever is done is reported: who reads the log later must see that a fault was asked for.
 *   3. A worker that this process has started is disturbed as the system would disturb it. Any
 *      other worker is disturbed at this end of its connection, and the answer says so.
 */

export interface RunControlOptions {
  /** Ends the run in order. Undefined: whoever runs it offers no such thing. */
  readonly stop?: (() => void) | undefined;
  /** Everybody who takes part, by rank. */
  readonly members: () => readonly MemberControls[];
  /** Whether this process starts workers. */
  readonly startsWorkers: boolean;
  /** The workers that it has started; undefined before that. */
  readonly ownWorkers: () => OwnWorkers | undefined;
  /** The part of all sums that are computed twice, to compare them. */
  readonly auditFraction: number;
  /** Gets a line about each thing that was done, and when a stall is over. */
  readonly report: (message: string) => void;
  readonly clock: Clock;
}

/** The answer to `GET /api/control`. */
export interface ControlView {
  /** Whether the asker may control. */
  readonly may: boolean;
  /** The actions that this run offers. */
  readonly actions: readonly ControlAction[];
  /** The rates of random faults; null where this process starts no workers. */
  readonly chaos: ChaosRates | null;
}

export interface RunControl {
  view(may: boolean): ControlView;
  /** Does what was asked for. Returns what was done, in sentences. Throws a `ControlError`. */
  perform(request: ControlRequest): string;
}

/** A control with its timers. */
export interface OpenControl extends RunControl {
  /** Reports nothing anymore. */
  close(): void;
}

/** What was done, in lower case and without a period, and what follows from it, in sentences. */
interface Deed {
  readonly what: string;
  readonly consequence?: string;
}

/** The largest number of workers that this process may have started at a time. */
export const OWN_WORKERS_MAX = 64;

/** No rates: nothing happens by chance. */
export const NO_CHAOS: ChaosRates = { kill: 0, stall: 0, leave: 0, join: 0, stallMs: 500 };

export function createRunControl(options: RunControlOptions): OpenControl {
  const { stop, startsWorkers, ownWorkers, auditFraction, report } = options;
  const actions: ControlAction[] = [
    ...(stop ? (['stop'] as const) : []),
    ...(['kill', 'stall', 'leave'] as const),
    ...(startsWorkers ? (['start', 'chaos'] as const) : []),
    ...(auditFraction >= 1 ? (['corrupt'] as const) : []),
  ];
  const stalls = createStallEnds(options);
  return {
    view: (may) => ({
      may,
      actions,
      chaos: startsWorkers ? (ownWorkers()?.chaos.rates ?? NO_CHAOS) : null,
    }),
    perform(request) {
      const { what, consequence } = perform(request, options);
      report(`${what}, asked for on the dashboard`);
      if (request.action === 'stall') stalls.expect(request.rank, request.milliseconds);
      return `${what[0].toUpperCase()}${what.slice(1)}.${consequence ? ` ${consequence}` : ''}`;
    },
    close: stalls.close,
  };
}

/** Reports the ends of stalls, unless a newer one has taken its place or the worker is gone. */
function createStallEnds({ members, clock, report }: RunControlOptions) {
  const cancels = new Map<number, () => void>();
  return {
    expect(rank: number, milliseconds: number): void {
      const stalled = members().find((each) => each.rank === rank);
      cancels.get(rank)?.();
      const cancel = clock.setTimer(milliseconds, () => {
        cancels.delete(rank);
        if (!stalled || members().every(({ identity }) => identity !== stalled.identity)) return;
        report(`rank ${rank} (${stalled.name}) goes on after ${describeTime(milliseconds)}`);
      });
      cancels.set(rank, cancel);
    },
    close(): void {
      for (const cancel of cancels.values()) cancel();
    },
  };
}

function perform(request: ControlRequest, options: RunControlOptions): Deed {
  switch (request.action) {
    case 'stop':
      return stopRun(options);
    case 'kill':
      return kill(find(request.rank, options));
    case 'stall':
      return stall(find(request.rank, options), request.milliseconds);
    case 'leave':
      return leave(find(request.rank, options));
    case 'start':
      return start(startedBy(options));
    case 'corrupt':
      return corrupt(find(request.rank, options), options.auditFraction);
    case 'chaos': {
      const { action: _, ...change } = request;
      return setChaos(startedBy(options), change);
    }
  }
}

/** A member, and how to disturb it if this process has started it. */
interface Found {
  readonly member: MemberControls;
  readonly own: OwnWorker | undefined;
  /** "rank 2 (local-1)" */
  readonly who: string;
}

function find(rank: number, { members, ownWorkers }: RunControlOptions): Found {
  const everybody = members();
  const member = everybody.find((each) => each.rank === rank);
  if (!member) {
    const ranks = everybody.map((each) => each.rank).join(', ');
    throw new ControlError(404, `no worker has rank ${rank}: here are ${ranks || 'none'}`);
  }
  const own = ownWorkers()?.find(member.identity);
  return { member, own, who: `rank ${rank} (${member.name})` };
}

function startedBy({ startsWorkers, ownWorkers }: RunControlOptions): OwnWorkers {
  if (!startsWorkers) {
    throw new ControlError(
      409,
      'this coordinator starts no workers: start one with "lockstep worker", or train with ' +
        '"lockstep train"',
    );
  }
  const own = ownWorkers();
  if (own) return own;
  throw new ControlError(409, 'no worker was started yet: try again in a moment');
}

function stopRun({ stop }: RunControlOptions): Deed {
  if (!stop) throw new ControlError(409, 'this run cannot be stopped from here: send it SIGTERM');
  stop();
  return {
    what: 'the run is stopped in order, with a checkpoint',
    consequence: 'Whatever restarts its process, as containers may, goes on with it.',
  };
}

function kill({ member, own, who }: Found): Deed {
  if (!own) {
    member.cut();
    const consequence = 'Nobody here can end its process, which will connect again by itself.';
    return { what: `cut the connection of ${who}`, consequence };
  }
  own.kill();
  const consequence = own.isKept ? 'It is started again in a moment.' : 'It is not started again.';
  return { what: `killed ${who}`, consequence };
}

function stall({ member, own, who }: Found, milliseconds: number): Deed {
  const time = describeTime(milliseconds);
  if (own) own.stall(milliseconds);
  else member.hold(milliseconds);
  if (own?.kind === 'process') return { what: `suspended ${who} for ${time}` };
  const consequence = own
    ? 'It shares the coordinator’s process, which goes on.'
    : 'Nobody here can suspend its process, which goes on.';
  return { what: `held back the answers of ${who} for ${time}`, consequence };
}

function leave({ member, own, who }: Found): Deed {
  if (own) own.leave(true);
  else member.dismiss();
  const consequence = own
    ? 'It finishes its share and is not started again.'
    : 'It finishes its share and ends.';
  return { what: `asked ${who} to leave`, consequence };
}

function start(workers: OwnWorkers): Deed {
  if (workers.count >= OWN_WORKERS_MAX) {
    throw new ControlError(
      409,
      `${workers.count} workers were started here, and ${OWN_WORKERS_MAX} is the most: ` +
        'let one leave, or start some on other machines',
    );
  }
  return { what: `started worker ${workers.start()}` };
}

function corrupt({ member, own, who }: Found, auditFraction: number): Deed {
  if (auditFraction < 1) {
    const part = auditFraction === 0 ? 'no sum' : `${auditFraction * 100} % of all sums`;
    throw new ControlError(
      409,
      `this run checks ${part}, so a flipped bit would change its result: start it with --audit 1`,
    );
  }
  own?.expectEnd();
  member.corrupt();
  const then = own ? 'which is then started again' : 'which may not come back';
  return {
    what: `a bit of the next sum of ${who} is flipped`,
    consequence: `The audit will find that and remove the worker, ${then}.`,
  };
}

function setChaos({ chaos }: OwnWorkers, change: ChaosChange): Deed {
  chaos.setRates(change);
  const { kill, stall, leave, join } = chaos.rates;
  if (kill + stall + leave + join === 0) return { what: 'ended the chaos' };
  return { what: `set the chaos to ${describeRates(chaos.rates)}` };
}

/** "kill 0.5/s, stall 0.2/s for 500 ms, leave 0/s, join 0/s". */
export function describeRates({ kill, stall, leave, join, stallMs }: ChaosRates): string {
  const stalls = `stall ${stall}/s for ${describeTime(stallMs)}`;
  return `kill ${kill}/s, ${stalls}, leave ${leave}/s, join ${join}/s`;
}

const describeTime = (milliseconds: number): string =>
  milliseconds < 1000 ? `${milliseconds} ms` : `${milliseconds / 1000} s`;
