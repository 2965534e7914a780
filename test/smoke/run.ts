import { parseArgs } from 'node:util'
import { type App, createApp, pack, root, run } from './app.ts'

/**
 * What is published, as its users get it: packs it, lints the package, installs it into an empty folder, weighs what
 * came, and has each Node that `--node` names use it, alone and beside each list of packages that `--beside` names.
 */

/** membergate itself included, in the megabytes of `du -sm` on Linux x64. */
const limits = { packages: 25, megabytes: 14 }

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    beside: {
      type: 'string',
      multiple: true,
      default: ['@photostructure/sqlite@1 express@5 koa@3']
    }
  }
})

const app = createApp()
try {
  const tarball = pack()
  run('npx', ['publint', 'run', '--strict', tarball], root)
  run('npx', ['attw', '--profile', 'esm-only', tarball], root)
  app.install(tarball)
  weigh(app)
  useOnEachNode('alone')
  for (const packages of values.beside) {
    app.install(...packages.split(' '))
    useOnEachNode(packages)
  }
} finally {
  app.remove()
}

function weigh({ folder }: App): void {
  const packages = run('npm', ['ls', '--all', '--parseable'], folder).trim().split('\n').length - 1
  const megabytes = Number.parseInt(run('du', ['-sm', 'node_modules'], folder), 10)
  console.log(`weight: ${packages} packages, ${megabytes} MB`)
  if (packages > limits.packages || megabytes > limits.megabytes) {
    throw new Error(`At most ${limits.packages} packages and ${limits.megabytes} MB are allowed.`)
  }
}

function useOnEachNode(installed: string): void {
  for (const node of values.node) app.use('use.mjs', [installed], node)
}
