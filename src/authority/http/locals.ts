import type { Response } from 'express'
import type { ProjectRecord } from '../domain/records.ts'

/** What a request has shown so far. */
export interface Locals {
  request_id: string
  /** The operation, or the path of one that has no name. */
  operation?: string
  project?: ProjectRecord
}

export function localsOf(res: Response): Locals {
  return res.locals as Locals
}
