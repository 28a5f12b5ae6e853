import { noChange } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';

/**
 * Calls back when the element comes into sight, and whenever the page is drawn while somebody sees
 * it, as in `<div ${whenSeen(look)}>`. It ends by itself when the element leaves the page.
 */
class WhenSeenDirective extends Directive {
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
    const sights = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? false;
      if (this.#isSeen) this.#call?.();
      if (!element.isConnected) sights.disconnect();
    });
    this.#sights = sights;
    sights.observe(element);
    return noChange;
  }
}

export const whenSeen = directive(WhenSeenDirective);
