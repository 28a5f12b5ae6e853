import type { Locator } from 'playwright-core';
import type { OpenDashboard } from './dashboard.ts';

/** Presses Start on the page of a tab. Throws what the page shows if it has no such button. */
export async function startTab({ page, problems }: OpenDashboard): Promise<void> {
  const button = page.getByRole('button', { name: 'Start' });
  await button.click().catch(async (error: unknown) => {
    const shown = await page.content();
    throw new Error([String(error), ...problems, shown].join('\n'));
  });
}

/** What the page says, in this phase; see `TabPhase`. */
export const statusOf = ({ page }: OpenDashboard, phase = ''): Locator =>
  page.locator(`[role=status]${phase && `.${phase}`}`);

/** Resolves when the tab is in this phase. */
export const untilTab = (tab: OpenDashboard, phase: string): Promise<void> =>
  statusOf(tab, phase).waitFor();

/** Freezes a tab as a phone does with hidden ones, or lets it go on. */
export async function setFrozen({ page }: OpenDashboard, isFrozen: boolean): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const state = isFrozen ? 'frozen' : 'active';
  await session.send('Page.setWebLifecycleState', { state });
  await session.detach();
}

/** What a coordinator says of its run. */
export interface Status {
  readonly step: number;
  readonly workers: readonly StatusWorker[];
}

interface StatusWorker {
  readonly name: string;
  readonly state: string;
  readonly runtime: string;
  readonly threads: number | null;
  readonly answeredShares: number;
  readonly isHidden: boolean | null;
}

/** Resolves to the status of a run when `isIt` holds. A run with a token shows it with that. */
export async function untilStatus(
  url: string,
  isIt: (status: Status) => boolean,
  token?: string,
): Promise<Status> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  for (;;) {
    const answer = await fetch(`${url}/api/status`, { headers });
    const status = (await answer.json()) as Status;
    if (isIt(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Resolves to the status of a run once it has done so many steps. */
export const untilStep = (url: string, step: number, token?: string): Promise<Status> =>
  untilStatus(url, (status) => status.step >= step, token);
