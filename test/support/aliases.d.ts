/** The older framework versions, installed under names of their own. Their types differ from today's in nothing we use. */
declare module 'express4' {
  export { default } from 'express'
}
declare module 'koa2' {
  export { default } from 'koa'
}

/** It brings no types; this is what we use. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
  }
}
