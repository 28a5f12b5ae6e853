import type { JoinAnswer } from '../../../port/answers/join-answer.ts';
import type { RunView } from '../../model/run-view.ts';

/*
 * What the page says about joining: pure functions.
 *
 * A page is often shown on a projector. So a token is hidden until somebody asks for it, and the
 * code that holds it is too. Copying gives the whole command.
 */

export interface JoinState {
  /** What the coordinator says; a text says why nobody knows; undefined before it is asked. */
  readonly answer: JoinAnswer | string | undefined;
  /** The process of the coordinator that was asked. */
  readonly askedOf: string | undefined;
  readonly isTokenShown: boolean;
  /** Whether the link for browsers is shown. It holds a token that only works. */
  readonly isLinkShown: boolean;
  /** The text that was copied last, and what came of it. */
  readonly copied: { readonly text: string; readonly result: string } | undefined;
}

export const NOT_ASKED: JoinState = {
  answer: undefined,
  askedOf: undefined,
  isTokenShown: false,
  isLinkShown: false,
  copied: undefined,
};

/** Why nobody can join; undefined if somebody may. */
export function whyNobodyJoins({ facts, status }: RunView): string | undefined {
  if (facts?.isRecorded) return 'This run is replayed, so nobody can join it.';
  if (status?.end) return 'The run is over, so nobody can join it anymore.';
  return undefined;
}

export function joinTitle(view: RunView, { answer }: JoinState): string {
  const nobody = whyNobodyJoins(view);
  if (nobody) return nobody;
  if (answer === undefined) return 'The coordinator is asked how to join.';
  if (typeof answer === 'string') return 'Nobody knows yet how to join.';
  return isForOthers(answer)
    ? 'Workers and people join from this machine and from others.'
    : 'Workers and people join from this machine only.';
}

/** Whether other machines reach the port. */
export const isForOthers = ({ commands }: JoinAnswer): boolean => commands.elsewhere.length > 0;

/** A command that somebody can copy. */
export interface JoinCommand {
  /** Such as "on this machine". */
  readonly where: string;
  readonly command: string;
}

export function joinCommands({ commands }: JoinAnswer): JoinCommand[] {
  const { here, elsewhere, docker } = commands;
  const place = (i: number) =>
    elsewhere.length === 1 ? 'on another machine' : `on another machine, by address ${i + 1}`;
  return [
    { where: 'on this machine', command: here },
    ...elsewhere.map((command, i) => ({ where: place(i), command })),
    { where: 'with Docker', command: docker },
  ];
}

/** What people copy: of this page without its token, because that controls the run. */
export const linkText = ({ page, tab }: JoinAnswer, name: 'page' | 'tab'): string =>
  name === 'tab' ? tab.qr.url : page.address;

/** A word of a shell's command line, which may be quoted in parts. */
const SECRET = /LOCKSTEP_TOKEN=(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g;

/** A command or a link without its token. */
export const hideToken = (text: string): string =>
  text.replace(SECRET, 'LOCKSTEP_TOKEN=•••').replace(/#token=.*/, '#token=•••');

/** Whether what is shown holds the asker's token. */
export function holdsToken(answer: JoinAnswer): boolean {
  const { token, isTokenNeeded } = answer;
  return token !== undefined && (isTokenNeeded || isForOthers(answer));
}

/** What workers need that the commands do not hold; undefined if they hold all. */
export function whatIsMissing({ token, isTokenNeeded }: JoinAnswer): string | undefined {
  if (!isTokenNeeded || token !== undefined) return undefined;
  return (
    'Workers need the token of the coordinator, which this page does not have. ' +
    'Give it to them in the variable LOCKSTEP_TOKEN.'
  );
}
