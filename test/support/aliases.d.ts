/** The older framework versions, installed under names of their own. Their types differ from today's in nothing we use. */
declare module 'express4' {
  export { default } from 'express'
}
declare module 'koa2' {
  export { default } from 'koa'
}
