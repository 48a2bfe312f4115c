/** What goes wrong when something is asked for, in the server's words or in ours. */

export class ApiError extends Error {
  constructor(
    /** The server's word for it ("not_found"), or "network" when no answer came, "aborted" when nobody waits any more. */
    readonly code: string,
    message: string,
    readonly hint: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get isAborted(): boolean {
    return this.code === "aborted";
  }
}

/** Any thrown thing as an ApiError, so that a panel can show message and hint. */
export function apiErrorFrom(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof Error) return new ApiError("unexpected", thrown.message, "", 0);
  return new ApiError("unexpected", String(thrown), "", 0);
}
