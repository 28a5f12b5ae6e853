/** What a page knows of its connection to the coordinator; see `connection.ts`. */
export type ConnectionState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  /** `since`: when the coordinator was last heard, by `performance.now()`. */
  | { readonly name: 'lost'; readonly since: number; readonly reason: string }
  /**
   * The run is over, and its coordinator is gone. `isReplaced`: another one is at its address, and
   * wants another token.
   */
  | { readonly name: 'ended'; readonly isReplaced: boolean }
  /** The coordinator wants a token, or another one than it got. */
  | { readonly name: 'locked'; readonly isWrong: boolean }
  /** All of the run is in the page's own file. */
  | { readonly name: 'embedded' };
