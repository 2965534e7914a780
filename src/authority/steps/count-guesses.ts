import * as v from 'valibot'
import type { Context } from '../context.ts'
import { isFailedGuess } from '../domain/guesses.ts'
import { canonicalEmail } from '../domain/members.ts'
import { LimitReached } from '../domain/operation-error.ts'

/**
 * Runs a call that may be a guess.
 *
 * - A few guesses at each of many accounts lock none of them, so failures are counted over accounts too: by where the person
 *   is. Many people may share that, so it is denied only after many failures at many accounts.
 * - Those of the whole project deny nothing, or anyone could deny sign-in to all. They raise an alarm.
 */
export async function countingGuesses<Answer>(
  context: Context,
  request: unknown,
  work: () => Promise<Answer>
): Promise<Answer> {
  await assertNoSpraying(context)
  try {
    return await work()
  } catch (error) {
    if (isFailedGuess(error)) await countFailure(context, request)
    throw error
  }
}

async function assertNoSpraying({ store, project, ipKey, now }: Context): Promise<void> {
  if (ipKey === undefined) return
  const limits = project.settings.guess_limits
  const failures = await store.failures.find(`failures|${ipKey}`, now)
  if (failures === undefined || failures.failures < limits.failures) return
  const accounts = await store.failures.find(`accounts|${ipKey}`, now)
  if (accounts === undefined || accounts.failures < limits.accounts) return
  throw new LimitReached('too_many_requests', Math.min(failures.ends_at, accounts.ends_at))
}

async function countFailure(context: Context, request: unknown): Promise<void> {
  const { store, project, ipKey, subject, now } = context
  const { alarm, minutes } = project.settings.guess_limits
  const add = (counter: string) => store.failures.add(counter, minutes, now)
  const inProject = await add('project')
  if (inProject.failures === alarm) subject.isAlarmedByThis = true
  if (ipKey === undefined) return
  const atAccount = await add(`${ipKey}|${accountOf(context, request)}`)
  if (atAccount.failures === 1) await add(`accounts|${ipKey}`)
  await add(`failures|${ipKey}`)
}

const named = v.object({ email_address: v.string() })

/** The member, else the e-mail address that no member has: to guess at those is spraying as well. */
function accountOf({ subject, atRest }: Context, request: unknown): string {
  const address = v.is(named, request) ? canonicalEmail(request.email_address) : ''
  return atRest.keyedHash(subject.member_id ?? address, 'account that was guessed at')
}
