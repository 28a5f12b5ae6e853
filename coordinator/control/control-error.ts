/**
 * Why a request to control was not carried out, as an HTTP status: 400 for a request that is wrong,
 * 404 for a rank that nobody has, 409 for what is impossible now.
 */
export class ControlError extends Error {
  readonly status: 400 | 404 | 409;

  constructor(status: ControlError['status'], message: string) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
  }
}
