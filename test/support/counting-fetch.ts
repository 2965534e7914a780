/** The real `fetch`, with a note of every path that was called and a switch that cuts the line. */
export interface CountingFetch {
  readonly fetch: typeof globalThis.fetch
  /** How many calls went to a path that ends so. */
  count(pathEnd: string): number
  reset(): void
  /** While cut, every call fails as if nobody listened. */
  cut(isCut: boolean): void
  /** Answers in place of the network, for one call that ends so. */
  answerOnce(pathEnd: string, answer: () => Response | Promise<Response>): void
}

export function createCountingFetch(): CountingFetch {
  let paths: string[] = []
  let isCut = false
  const answers = new Map<string, () => Response | Promise<Response>>()
  return {
    async fetch(input, init) {
      const { pathname } = new URL(String(input))
      paths.push(pathname)
      for (const [pathEnd, answer] of answers) {
        if (pathname.endsWith(pathEnd)) {
          answers.delete(pathEnd)
          return answer()
        }
      }
      if (isCut) {
        throw new TypeError('fetch failed', {
          cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
        })
      }
      return globalThis.fetch(input, init)
    },
    count: (pathEnd) => paths.filter((path) => path.endsWith(pathEnd)).length,
    reset: () => {
      paths = []
    },
    cut: (value) => {
      isCut = value
    },
    answerOnce: (pathEnd, answer) => {
      answers.set(pathEnd, answer)
    }
  }
}
