/**
 * `membergate/testing`: what the tests of an app need.
 *
 * ```ts
 * import { openAuthority } from 'membergate/testing'
 * const { close, ...project } = await openAuthority({ projects: [{ organizations: [{ organization_name: 'Acme' }] }] })
 * const { client, requireMemberSession } = createMemberAuth(project)
 * await close()
 * ```
 *
 * The authority is the real one, on a free port and in memory: sessions, codes and passwords are really checked.
 * To run one beside an app while you develop it, use `npx membergate serve --outbox`.
 */
export type { OutboxEntry, OutboxView } from './authority/delivery/outbox.ts'
export {
  type OpenAuthority,
  type OpenAuthorityOptions,
  openAuthority
} from './testing/open-authority.ts'
