import type { ChosenStudy } from './access.ts';
import { nextWrong } from './overview/overview-text.ts';

/** Looks for the next example that the net gets wrong, and shows it when it is found. */
export function seekWrong({ studies, choose }: ChosenStudy): void {
  // What is wrong now may be right after the next step.
  studies.hold();
  choose({ isSeeking: true });
}

/** Goes on with the search, while somebody sees what asks for it. */
export function goOnSeeking({ studies, chosen, choose }: ChosenStudy): void {
  if (!chosen.isSeeking) return;
  const { set, index } = chosen;
  studies.want('set', { set }, set);
  const found = studies.result('set', { set });
  // An older result may be wrong about which examples are wrong now.
  if (!found || found.step !== studies.step) return;
  choose({ isSeeking: false, index: nextWrong(found.value, index) ?? index });
}
