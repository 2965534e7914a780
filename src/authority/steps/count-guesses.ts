import * as v from 'valibot'
import type { Context } from '../context.ts'
import { isFailedGuess } from '../domain/guesses.ts'
import { canonicalEmail } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'

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

async function assertNoSpraying({ store, project, ipKey }: Context): Promise<void> {
  if (ipKey === undefined) return
  const { failures, accounts } = project.settings.guess_limits
  if ((await store.failures.find(`failures|${ipKey}`)) < failures) return
  if ((await store.failures.find(`accounts|${ipKey}`)) < accounts) return
  throw new OperationError('too_many_requests')
}

async function countFailure(context: Context, request: unknown): Promise<void> {
  const { store, project, ipKey, subject } = context
  const { alarm, minutes } = project.settings.guess_limits
  const inProject = await store.failures.add('project', minutes)
  if (inProject === alarm) subject.isAlarmedByThis = true
  if (ipKey === undefined) return
  const atAccount = await store.failures.add(`${ipKey}|${accountOf(context, request)}`, minutes)
  if (atAccount === 1) await store.failures.add(`accounts|${ipKey}`, minutes)
  await store.failures.add(`failures|${ipKey}`, minutes)
}

const named = v.object({ email_address: v.string() })

/** The member, else the e-mail address that no member has: to guess at those is spraying as well. */
function accountOf({ subject, atRest }: Context, request: unknown): string {
  const address = v.is(named, request) ? canonicalEmail(request.email_address) : ''
  return atRest.keyedHash(subject.member_id ?? address, 'account that was guessed at')
}
