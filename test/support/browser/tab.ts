import type { Locator } from 'playwright-core';
import type { OpenDashboard } from './dashboard.ts';

/** Presses Start on the page of a tab. */
export async function startTab({ page }: OpenDashboard): Promise<void> {
  await page.getByRole('button', { name: 'Start' }).click();
}

/** What the page says, in this phase; see `TabPhase`. */
export const statusOf = ({ page }: OpenDashboard, phase = ''): Locator =>
  page.locator(`[role=status]${phase && `.${phase}`}`);

/** Resolves when the tab is in this phase. */
export const untilTab = (tab: OpenDashboard, phase: string): Promise<void> =>
  statusOf(tab, phase).waitFor({ timeout: 60_000 });

/** Freezes a tab as a phone does with hidden ones, or lets it go on. */
export async function setFrozen({ page }: OpenDashboard, isFrozen: boolean): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const state = isFrozen ? 'frozen' : 'active';
  await session.send('Page.setWebLifecycleState', { state });
  await session.detach();
}

/** Resolves to the status of a run once it has done so many steps. */
export async function untilStep(url: string, step: number): Promise<void> {
  for (;;) {
    const status = (await (await fetch(`${url}/api/status`)).json()) as { readonly step: number };
    if (status.step >= step) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
