import { describe } from '@jest/globals'
import { createMemberAuth } from 'membergate/express'
import { createApp } from '../../examples/express-basic/app.ts'
import { describeJsonApi } from './json-api.ts'

describe('examples/express-basic', () => {
  describeJsonApi((options) => createApp(createMemberAuth({ ...options, onRefusal: 'next' })))
})
