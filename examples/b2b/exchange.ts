import type { Client } from 'membergate/client'
import type {
  AuthenticatingResponse,
  Authorization,
  AuthorizationVerdict,
  CompletedSignIn,
  CompleteSignInOptions,
  DiscoveryResponse,
  MemberSession,
  PendingDiscovery,
  PendingSignIn
} from 'membergate/express'
import type { Problem } from '../problems.ts'
import { formProblem } from './refusals.ts'

/** What the steps need of the request at hand, whatever the framework. */
export interface Exchange {
  readonly client: Client
  /** Of this app, for the links in e-mails. */
  readonly origin: string
  readonly path: string
  readonly query: Readonly<Record<string, unknown>>
  /** The fields of a form. */
  readonly body: unknown
  /** `undefined` where no member is signed in. */
  readonly memberSession: MemberSession | undefined
  memberOf(): MemberSession
  verdictOf(): AuthorizationVerdict
  authorizationOf(): Authorization
  pendingSignIn(): Promise<PendingSignIn | null>
  pendingDiscovery(): Promise<PendingDiscovery | null>
  completeSignIn(
    call: () => Promise<AuthenticatingResponse>,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
  completeDiscovery(
    call: () => Promise<DiscoveryResponse>,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
}

/** A page, or a path to go on to. */
export type Reply = { readonly next: string } | { readonly status: number; readonly page: string }

export type Step = (exchange: Exchange) => Promise<Reply>

export function show(page: string): Reply {
  return { status: 200, page }
}

/**
 * Does what a form is for, which says where to go next. What a person can correct shows the form again.
 *
 * @param again the form, with what was wrong
 */
export async function submit(
  work: () => Promise<string>,
  again: (problem: Problem) => string
): Promise<Reply> {
  try {
    return { next: await work() }
  } catch (error) {
    const problem = formProblem(error)
    return { status: problem.status, page: again(problem) }
  }
}

/** A field of a query, which may be absent or there twice. */
export function readText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The URL of an e-mail: it carries along where to go on to. `completeSignIn` checks that when it comes back. */
export function linkTo(page: string, return_to: string): string {
  const url = new URL(page)
  if (return_to !== '') url.searchParams.set('return_to', return_to)
  return url.href
}
