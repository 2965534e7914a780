const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether a URL leads to this very machine, where no other machine can listen. */
export function isLoopbackHost({ hostname }: { readonly hostname: string }): boolean {
  return loopbackHosts.has(hostname)
}
