/** Marks the panels with these ids, and no others. */
export function lightUp(ids: readonly string[]): void {
  for (const lit of document.querySelectorAll('.panel.lit')) lit.classList.remove('lit');
  for (const id of ids) document.getElementById(id)?.classList.add('lit');
}
