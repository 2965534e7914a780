import { createHash } from 'node:crypto'
import { answerJson, type HttpCall, headerOfCall } from './http-call.ts'

/**
 * Answers what a cache may keep for some seconds. A caller who has it already hears that nothing changed (RFC 9110 section
 * 13.1.2). The envelope differs in every answer, so it is not what is compared: the tag is a weak one.
 */
export function answerCacheable(
  call: HttpCall,
  seconds: number,
  envelope: object,
  content: object
): void {
  const etag = `W/"${createHash('sha256').update(JSON.stringify(content)).digest('base64url')}"`
  call.res.setHeader('Cache-Control', `max-age=${seconds}`)
  call.res.setHeader('ETag', etag)
  if (namesTag(headerOfCall(call, 'If-None-Match'), etag)) call.res.writeHead(304).end()
  else answerJson(call, 200, { ...envelope, ...content })
}

function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim()) ?? []
  return tags.some((tag) => tag === '*' || tag === etag || `W/${tag}` === etag)
}
