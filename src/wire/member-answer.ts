import * as v from 'valibot'
import { member } from './member.ts'
import { organization } from './organization.ts'

/** Members of every answer that is about one member. */
export const memberAnswer = { member_id: v.string(), member, organization }
