import * as v from 'valibot'
import { optional, text } from './schema.ts'

export interface SearchOperand {
  filter_name: string
  filter_value: unknown
}

export interface SearchQuery {
  operator: 'AND' | 'OR' | string
  operands: SearchOperand[]
}

export interface ResultsMetadata {
  /** How many match in all; −1 when they were not counted. */
  total: number
  /** `cursor` of the next page; `null` on the last one. */
  next_cursor?: string | null
}

const query: v.GenericSchema<unknown, SearchQuery> = v.object({
  operator: v.picklist(['AND', 'OR']),
  operands: v.pipe(
    v.array(v.object({ filter_name: text(64), filter_value: v.unknown() })),
    v.maxLength(50)
  )
})

export const resultsMetadata: v.GenericSchema<unknown, ResultsMetadata> = v.object({
  total: v.number(),
  next_cursor: v.nullable(v.string())
})

/** Members of every search request. */
export const searchFields = {
  cursor: optional(v.pipe(v.string(), v.maxLength(512))),
  limit: optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  query: optional(query)
}
