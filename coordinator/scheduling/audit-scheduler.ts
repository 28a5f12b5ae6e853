import { isSameNode, type LeafRange } from '../../shared/reduction-tree.ts';
import type { Round } from '../../shared/round/workload.ts';
import type { AuditedSum, AuthoredSum } from '../reduction/audited-sum.ts';
import { WRONG_SUM } from '../reporting/pool-events.ts';
import { type Member, timelyShareOf } from './member.ts';
import { describeShare } from './pending-share.ts';

export interface AuditSchedulerOptions {
  /** The members that are ready, by rank. */
  readonly readyMembers: () => readonly Member[];
  /** Those of them that the round relies on. */
  readonly reliableMembers: () => readonly Member[];
  /** Asks an idle member for the sum of a node. */
  readonly assign: (member: Member, node: LeafRange) => void;
  /** Removes a member that gave a wrong sum, and keeps it away. */
  readonly expel: (member: Member, reason: string) => void;
  readonly notify: (message: string) => void;
}

/** Finds a second worker for each held sum. Where there is none, the coordinator checks the sum. */
export class AuditScheduler {
  readonly #options: AuditSchedulerOptions;
  #hasSaidAlone = false;

  constructor(options: AuditSchedulerOptions) {
    this.#options = options;
  }

  assignAudits(round: Round, sum: AuditedSum<Member>): void {
    for (const held of sum.held) {
      // Resolving one held sum may end the round, and with it the others.
      if (sum.held.includes(held)) this.#assignAudit(round, sum, held);
    }
  }

  #assignAudit(round: Round, sum: AuditedSum<Member>, held: AuthoredSum<Member>): void {
    const { readyMembers, reliableMembers, assign } = this.#options;
    const isOther = ({ origin }: Member) => origin !== held.author.origin;
    const others = readyMembers().filter(isOther);
    const pending = others.flatMap((member) => timelyShareOf(member, round) ?? []);
    if (pending.some(({ leaves }) => isSameNode(leaves, held.node))) return;
    const idle = reliableMembers()
      .filter(isOther)
      .find((member) => member.state.name === 'idle');
    if (idle) return assign(idle, held.node);
    if (pending.length > 0) return;
    this.#sayAlone(held.author, others.length === 0);
    this.expelAuthors(sum.resolveAlone(held), held.node, round);
  }

  /** Expels the authors of wrong sums over `node`. */
  expelAuthors(authors: readonly Member[], node: LeafRange, round: Round): void {
    for (const author of authors) {
      const leaves = describeShare({ leaves: node, round });
      this.#options.notify(
        `rank ${author.rank} (${author.name}) gave a wrong sum over ${leaves}: ` +
          'it is removed and refused, and what it gave in this round is computed again',
      );
      this.#options.expel(author, `${WRONG_SUM} over ${leaves}`);
    }
  }

  #sayAlone({ rank }: Member, isAlone: boolean): void {
    if (isAlone && !this.#hasSaidAlone) {
      this.#options.notify(
        `no worker of another address can check rank ${rank}: ` +
          'the coordinator computes its sums again itself, and training waits for that',
      );
    }
    this.#hasSaidAlone = isAlone;
  }
}
