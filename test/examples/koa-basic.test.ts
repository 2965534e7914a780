import { describe } from '@jest/globals'
import { createMemberAuth } from 'membergate/koa'
import { createApp } from '../../examples/koa-basic.ts'
import { describeJsonApi } from './json-api.ts'

describe('examples/koa-basic', () => {
  describeJsonApi((options) => createApp(createMemberAuth(options)).callback())
})
