import { noChange } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';

/**
 * Keeps the focus in an element when the control that has it goes, as in `<div ${keepFocus()}>`.
 * The nearest place around that control gets the focus: an element with a `tabindex` that stays.
 * Never another control, which somebody would press by mistake.
 */
class KeepFocusDirective extends Directive {
  render() {
    return noChange;
  }

  override update({ element: root }: ElementPart) {
    const focused = document.activeElement;
    if (!focused || focused === root || !root.contains(focused)) return noChange;
    const places = placesAround(focused, root);
    // The page has been drawn by then.
    queueMicrotask(() => {
      if (!focused.isConnected) places.find((place) => place.isConnected)?.focus();
    });
    return noChange;
  }
}

function placesAround(focused: Element, root: Element): HTMLElement[] {
  const places: HTMLElement[] = [];
  for (
    let place = focused.parentElement;
    place && root.contains(place);
    place = place.parentElement
  )
    if (place.hasAttribute('tabindex')) places.push(place);
  return places;
}

export const keepFocus = directive(KeepFocusDirective);
