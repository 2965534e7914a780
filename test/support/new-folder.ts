import { mkdtemp, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const inMemory = '/dev/shm'
const neededBytes = 256 * 1024 * 1024

/** A new folder for a database: in memory where there is room, for a commit there waits for no disk. */
export async function newFolder(): Promise<string> {
  const parent = (await freeBytes(inMemory)) > neededBytes ? inMemory : tmpdir()
  return mkdtemp(join(parent, 'membergate-'))
}

async function freeBytes(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => undefined)
  return found === undefined ? 0 : found.bavail * found.bsize
}
