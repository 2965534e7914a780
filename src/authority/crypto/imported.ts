import type { ProblemType } from '../../wire/problems.ts'

/** The stored form of a hash that another system made, or what is wrong with it. */
export type Imported = { readonly stored: string } | { readonly problem: ProblemType }
