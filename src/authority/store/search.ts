import type { ErrorType } from '../../wire/error-types.ts'
import type { SearchQuery } from '../../wire/search.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { Value } from './engine.ts'
import { containing } from './like-pattern.ts'

/** At most `limit` results that come after this row. */
export interface Page {
  readonly limit: number
  readonly after: { readonly created_at: number; readonly id: string } | undefined
}

/** A condition, and the values of its placeholders from `$2` on. */
export interface Condition {
  readonly sql: string
  readonly values: readonly Value[]
}

export interface MemberCondition extends Condition {
  /** Deleted members show only where `statuses` asks for them. */
  readonly withDeleted?: boolean
}

type Filter = (value: unknown, bind: Bind) => string
type Bind = (value: Value) => string

const minFuzzyCharacters = 3
/** Longer than any name, address or domain. An engine refuses a pattern of tens of thousands. */
const maxPatternCharacters = 256
/** Each is a pattern of its own, and an engine refuses a condition of a thousand. */
const maxElements = 100

const organizationFilters: Readonly<Record<string, Filter>> = {
  organization_ids: anyOf((list) => `organization_id in (${list})`),
  organization_slugs: anyOf((list) => `organization_slug in (${list})`),
  organization_name_fuzzy: fuzzy((pattern) => `folded_name like ${pattern}`),
  organization_slug_fuzzy: fuzzy((pattern) => `lower(organization_slug) like ${pattern}`),
  member_emails: anyEmailOf((list) => hasMember(`email_address in (${list})`)),
  member_email_fuzzy: fuzzy((pattern) => hasMember(`email_address like ${pattern}`)),
  allowed_domains: anyElementOf('email_allowed_domains'),
  allowed_domain_fuzzy: fuzzy((pattern) => `email_allowed_domains like ${pattern}`),
  claimed_email_domains: anyElementOf('claimed_email_domains'),
  has_active_sso_connection: flag((wanted) => (wanted ? '1 = 0' : '1 = 1')),
  sso_connection_id(value) {
    if (typeof value !== 'string') throw wrongValue()
    return '1 = 0'
  }
}

const memberFilters: Readonly<Record<string, Filter>> = {
  member_ids: anyOf((list) => `m.member_id in (${list})`),
  member_emails: anyEmailOf((list) => `m.email_address in (${list})`),
  member_email_fuzzy: fuzzy((pattern) => `m.email_address like ${pattern}`),
  member_is_breakglass: flag((wanted) => `m.is_breakglass = ${wanted ? 1 : 0}`),
  statuses: anyOf((list) => `m.status in (${list})`),
  member_phone_numbers: anyOf((list) => `m.mfa_phone_number in (${list})`),
  member_phone_number_fuzzy: fuzzy((pattern) => `m.mfa_phone_number like ${pattern}`)
}

function wrongValue(): OperationError {
  return new OperationError('search_invalid_filter_value')
}

export function organizationCondition(query: SearchQuery | undefined): Condition {
  return conditionOf(query, organizationFilters, 'organization_search_filter_name_not_recognized')
}

export function memberCondition(query: SearchQuery | undefined): MemberCondition {
  const condition = conditionOf(query, memberFilters, 'member_search_filter_name_not_recognized')
  return { ...condition, withDeleted: asksForDeleted(query) }
}

function asksForDeleted(query: SearchQuery | undefined): boolean {
  return (query?.operands ?? []).some(
    ({ filter_name, filter_value }) =>
      filter_name === 'statuses' && isTexts(filter_value) && filter_value.includes('deleted')
  )
}

function conditionOf(
  query: SearchQuery | undefined,
  filters: Readonly<Record<string, Filter>>,
  unknownFilter: ErrorType
): Condition {
  const values: Value[] = []
  const bind: Bind = (value) => `$${values.push(value) + 1}`
  const parts: string[] = []
  for (const { filter_name, filter_value } of query?.operands ?? []) {
    const filter = Object.hasOwn(filters, filter_name) ? filters[filter_name] : undefined
    if (filter === undefined) throw new OperationError(unknownFilter)
    parts.push(filter(filter_value, bind))
  }
  if (parts.length === 0) return { sql: '1 = 1', values }
  return { sql: `(${parts.join(query?.operator === 'OR' ? ' or ' : ' and ')})`, values }
}

function anyOf(sql: (list: string) => string): Filter {
  return (value, bind) => {
    if (!isTexts(value)) throw wrongValue()
    return value.length === 0 ? '1 = 0' : sql(value.map(bind).join(', '))
  }
}

/** Addresses are kept in lower case. */
function anyEmailOf(sql: (list: string) => string): Filter {
  const filter = anyOf(sql)
  return (value, bind) =>
    filter(isTexts(value) ? value.map((text) => text.toLowerCase()) : value, bind)
}

/**
 * Domains are kept in lower case and hold nothing that JSON escapes, so an element of the stored array stands between
 * its quotes.
 */
function anyElementOf(column: string): Filter {
  return (value, bind) => {
    if (!isTexts(value) || value.length > maxElements || !value.every(fitsPattern)) {
      throw wrongValue()
    }
    if (value.length === 0) return '1 = 0'
    const parts = value.map(
      (text) => `${column} like ${likePattern(`"${text.toLowerCase()}"`, bind)}`
    )
    return `(${parts.join(' or ')})`
  }
}

function fuzzy(sql: (pattern: string) => string): Filter {
  return (value, bind) => {
    if (typeof value !== 'string' || value.length < minFuzzyCharacters || !fitsPattern(value)) {
      throw wrongValue()
    }
    return sql(likePattern(value.toLowerCase(), bind))
  }
}

function flag(sql: (wanted: boolean) => string): Filter {
  return (value) => {
    if (typeof value !== 'boolean') throw wrongValue()
    return sql(value)
  }
}

function hasMember(condition: string): string {
  return `exists (select 1 from members where members.project_id = organizations.project_id
    and members.organization_id = organizations.organization_id
    and members.${condition})`
}

function likePattern(text: string, bind: Bind): string {
  return `${bind(containing(text))} escape '\\'`
}

function fitsPattern(text: string): boolean {
  return text.length <= maxPatternCharacters
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length <= 1000 && value.every((item) => typeof item === 'string')
  )
}
