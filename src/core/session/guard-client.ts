import * as v from 'valibot'
import { type Client, policyFetches } from '../../client/create-client.ts'
import { withDeadline } from '../../client/deadline.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import type { OrgPolicy, Policy } from '../../wire/rbac.ts'
import { routes } from '../../wire/routes.ts'
import type {
  B2BSessionsAuthenticateRequest,
  B2BSessionsAuthenticateResponse
} from '../../wire/sessions.ts'
import type { GuardClient } from '../options.ts'

/** The calls that guards make, each with its answer checked and a deadline around it. */
export interface GuardCalls {
  authenticate(data: B2BSessionsAuthenticateRequest): Promise<B2BSessionsAuthenticateResponse>
  fetchPolicy(): Promise<Policy>
  fetchOrgPolicy(organization_id: string): Promise<OrgPolicy>
  revoke(member_session_id: string): Promise<unknown>
}

/** Our own client checks and times its calls itself. */
export function callsOfOwnClient(client: Client): GuardCalls {
  return {
    authenticate: client.sessions.authenticate,
    revoke: (member_session_id) => client.sessions.revoke({ member_session_id }),
    ...policyFetches(client)
  }
}

/** A client that we did not write is believed no more than the network. */
export function callsOfGivenClient(client: GuardClient, timeoutMs: number): GuardCalls {
  const call = async <T>(
    schema: v.GenericSchema<unknown, T> | undefined,
    run: () => Promise<unknown>
  ): Promise<T> => {
    const answer = await withDeadline(timeoutMs, run)
    if (schema !== undefined && v.is(schema, answer)) return answer as T
    throw new UnavailableError('authority_unavailable', {
      reason: 'unreadable_answer'
    })
  }
  const { getOrgPolicy } = routes.rbac.organizations
  return {
    authenticate: (data) =>
      call(routes.sessions.authenticate.response, () => client.sessions.authenticate(data)),
    revoke: (member_session_id) =>
      withDeadline(timeoutMs, () => client.sessions.revoke({ member_session_id })),
    ...policyFetches({
      rbac: {
        policy: () => call(routes.rbac.policy.response, () => client.rbac.policy()),
        organizations: {
          getOrgPolicy: (data) =>
            call(getOrgPolicy.response, () => client.rbac.organizations.getOrgPolicy(data))
        }
      }
    })
  }
}
