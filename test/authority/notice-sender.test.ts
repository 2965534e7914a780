import { expect, test } from '@jest/globals'
import type { Context } from '../../src/authority/context.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import type { Write } from '../../src/authority/domain/writes.ts'
import { createNoticeSender } from '../../src/authority/http/notice-sender.ts'

test('notices that wait for a sender which has stopped answering are bounded, and the audit has those beyond', async () => {
  const written: Write[] = []
  const letGo: (() => void)[] = []
  const notice = {
    kind: 'mfa_added',
    to: 'ada@acme.example',
    organization: { organization_id: 'organization', organization_name: 'Acme' },
    member_id: 'member'
  }
  const context = {
    project: { project_id: 'project-test-1', settings: defaultSettings },
    environment: 'test',
    store: {
      project_id: 'project-test-1',
      run: async (writes: readonly Write[]) => void written.push(...writes)
    },
    delivery: { notice: () => new Promise<void>((resolve) => letGo.push(resolve)) },
    notices: Array.from({ length: 1002 }, () => notice),
    now: 0
  } as unknown as Context
  const sender = createNoticeSender()
  sender.send(context, { request_id: 'request-id-test-1', locale: undefined })

  while (letGo.length < 1000) await new Promise(setImmediate)
  const unsent = written.filter((write) => write.do === 'insertAuditEvent')
  expect(unsent).toHaveLength(2)
  expect(unsent[0]).toMatchObject({ record: { operation: 'notices.send', outcome: 'refused' } })
  for (const resolve of letGo) resolve()
  await sender.settled()
  expect(letGo).toHaveLength(1000)
})
