import { noChange } from 'lit-html';
import { AsyncDirective } from 'lit-html/async-directive.js';
import { directive, type ElementPart } from 'lit-html/directive.js';

/**
 * Calls back when the element comes into sight, and whenever the page is drawn while somebody sees
 * it, as in `<div ${whenSeen(look)}>`.
 */
class WhenSeenDirective extends AsyncDirective {
  #call: (() => void) | undefined;
  #isSeen = false;
  #sights: IntersectionObserver | undefined;

  render(_call: (() => void) | undefined) {
    return noChange;
  }

  override update({ element }: ElementPart, [call]: [(() => void) | undefined]) {
    this.#call = call;
    if (this.#isSeen) call?.();
    if (this.#sights) return noChange;
    this.#sights = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? false;
      if (this.#isSeen) this.#call?.();
    });
    this.#sights.observe(element);
    return noChange;
  }

  override disconnected() {
    this.#sights?.disconnect();
    this.#sights = undefined;
    this.#isSeen = false;
  }
}

export const whenSeen = directive(WhenSeenDirective);
