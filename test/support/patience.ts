/**
 * Milliseconds that tests give a call, where our client gives three seconds by itself: a machine that runs many tests at
 * once is slow, and not unreachable.
 */
export const timeoutMs = 20_000
