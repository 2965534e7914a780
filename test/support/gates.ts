/** Handlers that wait until a test lets them go on, each by a name of its own. */
export interface Gates {
  /** Of a handler: resolves when the test opens the gate. */
  wait(name: string): Promise<void>
  /** Resolves when a handler waits there. */
  reached(name: string): Promise<void>
  open(name: string): void
}

interface Gate {
  readonly reached: Promise<void>
  readonly opened: Promise<void>
  reach(): void
  open(): void
}

export function createGates(): Gates {
  const gates = new Map<string, Gate>()
  const gateOf = (name: string): Gate => {
    const known = gates.get(name)
    if (known !== undefined) return known
    let reach = () => {}
    let open = () => {}
    const reached = new Promise<void>((resolve) => {
      reach = resolve
    })
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const gate = { reached, opened, reach: () => reach(), open: () => open() }
    gates.set(name, gate)
    return gate
  }
  return {
    wait(name) {
      gateOf(name).reach()
      return gateOf(name).opened
    },
    reached: (name) => gateOf(name).reached,
    open: (name) => gateOf(name).open()
  }
}
