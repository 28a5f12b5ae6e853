/** How people and workers get in: the answer to `GET /api/join`. */
export interface JoinAnswer {
  /** The asker's token, if it gives more than the right to watch. */
  readonly token?: string;
  /** Whether workers need a token. The commands hold it only if the asker may see it. */
  readonly isTokenNeeded: boolean;
  /** Commands that people can copy into a shell. */
  readonly commands: {
    /** On this machine. */
    readonly here: string;
    /** On other machines: by each of our addresses. Empty if they do not reach the port. */
    readonly elsewhere: readonly string[];
    readonly docker: string;
  };
  /** The addresses of the dashboard without a token: for this machine, then for others. */
  readonly dashboards: readonly string[];
  /** The dashboard, with the asker's token, if the asker may see that. */
  readonly page: JoinLink;
  /** The page that makes a worker of a browser's tab, with the token that only works. */
  readonly tab: JoinLink;
}

/** A link that people give to others. */
export interface JoinLink {
  readonly title: string;
  /** Without its token. */
  readonly address: string;
  readonly qr: QrCode;
  /** What people should know before they give the link away. */
  readonly about: string;
}

export interface QrCode {
  /** What the code holds: an address, with a token if the asker may see that. */
  readonly url: string;
  /** Rows, and modules in each row. There is no margin: four white modules belong around it. */
  readonly size: number;
  /** A row after the other: 1 is dark. */
  readonly modules: readonly string[];
}
