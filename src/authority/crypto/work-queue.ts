const overloads = new WeakSet<Error>()

/** Runs at most `running` pieces of work at once and lets `waiting` more wait; beyond that it throws at once. */
export function createWorkQueue(limits: { readonly running: number; readonly waiting: number }) {
  const waiting: (() => void)[] = []
  let running = 0

  /** A piece of work that ends hands its place to the longest waiting one. */
  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return async function runQueued<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running < limits.running) running += 1
    else if (waiting.length < limits.waiting) await new Promise<void>((go) => waiting.push(go))
    else throw overload()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

/** Whether the error is of a full work queue: the server is busy, and the client may try again. */
export function isOverloaded(error: unknown): boolean {
  return error instanceof Error && overloads.has(error)
}

function overload(): Error {
  const error = new Error('Too much work is waiting.')
  overloads.add(error)
  return error
}
