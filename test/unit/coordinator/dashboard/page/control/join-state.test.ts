import { describe, expect, test } from 'vitest';
import {
  hideToken,
  holdsToken,
  joinCommands,
  joinTitle,
  linkText,
  NOT_ASKED,
  whatIsMissing,
  whyNobodyJoins,
} from '../../../../../../coordinator/dashboard/page/control/join-state.ts';
import { describeJoin } from '../../../../../../coordinator/port/answers/join.ts';
import { toyView } from '../../../../../support/toy-view.ts';

const LOCAL = { here: 'ws://127.0.0.1:8080', others: [] };
const OPEN = { here: 'ws://127.0.0.1:8080', others: ['ws://trainer:8080', 'ws://192.0.2.7:8080'] };
const ONE = { here: 'ws://127.0.0.1:8080', others: ['ws://192.0.2.7:8080'] };

const join = (
  urls: Parameters<typeof describeJoin>[0]['urls'],
  token?: string,
  isTokenNeeded = token !== undefined,
) => describeJoin({ urls, token, workToken: token, isTokenNeeded });

describe('the title of the panel', () => {
  test('says who reaches the port', async () => {
    const view = toyView();
    expect(joinTitle(view, NOT_ASKED)).toBe('The coordinator is asked how to join.');
    const titleOf = (answer: typeof NOT_ASKED.answer) => joinTitle(view, { ...NOT_ASKED, answer });
    expect(titleOf(await join(LOCAL))).toBe('Workers and people join from this machine only.');
    expect(titleOf(await join(OPEN))).toMatch(/from this machine and from others\.$/);
    expect(titleOf('the answer is 502')).toBe('Nobody knows yet how to join.');
  });

  test('says that nobody can join a run that is over, or replayed', () => {
    const end = { message: '', testAccuracy: null, parametersSha256: null, totalSeconds: null };
    const views = [toyView({ status: { end } }), toyView({ facts: { isRecorded: true } })];
    for (const view of views) expect(joinTitle(view, NOT_ASKED)).toBe(whyNobodyJoins(view));
    expect(views.map(whyNobodyJoins)).toEqual([
      'The run is over, so nobody can join it anymore.',
      'This run is replayed, so nobody can join it.',
    ]);
    expect(whyNobodyJoins(toyView())).toBeUndefined();
  });
});

describe('the commands', () => {
  test('are those of the coordinator, each with the place where it is given', async () => {
    const answer = await join(OPEN);
    const [here, first, second, docker] = joinCommands(answer);
    expect(here).toEqual({ where: 'on this machine', command: answer.commands.here });
    expect(first.where).toBe('on another machine, by address 1');
    expect([first.command, second.command]).toEqual(answer.commands.elsewhere);
    expect(docker).toEqual({ where: 'with Docker', command: answer.commands.docker });
    expect(joinCommands(await join(ONE))[1].where).toBe('on another machine');
    expect(joinCommands(await join(LOCAL))).toHaveLength(2);
  });

  test.for(['lever', "it's $HOME", 'two words', "'", '"', String.raw`back\slash`])(
    'do not show the token %j, and keep everything else',
    async (token) => {
      const hidden = joinCommands(await join(OPEN, token)).map(({ command }) => hideToken(command));
      const plain = joinCommands(await join(OPEN));
      const variable = 'LOCKSTEP_TOKEN=•••';
      for (const [i, command] of hidden.entries()) {
        expect(command).toContain(variable);
        const rest = command.replace(` -e ${variable}`, '').replace(`${variable} `, '');
        expect(rest).toBe(plain[i].command);
      }
    },
  );
});

test('people copy the address for others if there is one, without its token', async () => {
  expect(linkText(await join(LOCAL, 'lever'), 'page')).toBe('http://127.0.0.1:8080/');
  expect(linkText(await join(OPEN, 'lever'), 'page')).toBe('http://trainer:8080/');
});

test('the link for browsers is copied with its token, and shown without it', async () => {
  const text = linkText(await join(OPEN, 'help'), 'tab');
  expect(text).toBe('http://trainer:8080/join#token=help');
  expect(hideToken(text)).toBe('http://trainer:8080/join#token=•••');
  expect(linkText(await join(OPEN), 'tab')).toBe('http://trainer:8080/join');
});

test('a token is held by commands that need it, and by a code for others', async () => {
  expect(holdsToken(await join(LOCAL, 'lever', true))).toBe(true);
  expect(holdsToken(await join(LOCAL, 'lever', false))).toBe(false);
  expect(holdsToken(await join(OPEN, 'lever', false))).toBe(true);
  expect(holdsToken(await join(OPEN))).toBe(false);
});

test('workers are told of a token that the page does not have', async () => {
  expect(whatIsMissing(await join(OPEN, undefined, true))).toContain('LOCKSTEP_TOKEN');
  expect(whatIsMissing(await join(OPEN, 'lever', true))).toBeUndefined();
  expect(whatIsMissing(await join(OPEN))).toBeUndefined();
});
