import { createHash } from 'node:crypto'
import { parseSync } from '@swc/core'

/**
 * A check that can be switched off: a call of an assertion, a guard that throws or returns nothing, or one of the
 * questions of such a guard.
 */
export interface Check {
  /** The same as long as the check and its file stay: path, text and which of those with that text. */
  readonly id: string
  readonly path: string
  readonly line: number
  readonly text: string
  /** Byte offsets. */
  readonly start: number
  readonly end: number
  /** How it is switched off: a statement does nothing, a question has this answer, a call gives nothing. */
  readonly off: 'nothing' | 'false' | 'true' | 'undefined'
}

/** Functions whose calls are checks by their name. */
const checking = /^(assert[A-Z]\w*|authorize(By)?)$/

interface Node {
  readonly type: string
  readonly span: { readonly start: number; readonly end: number }
  readonly [member: string]: unknown
}

/** Swc counts bytes from wherever its last file ended; a statement before all others says where this one begins. */
const prologue = '0;'

export function findChecks(path: string, source: string): readonly Check[] {
  const module = parseSync(prologue + source, { syntax: 'typescript', target: 'es2022' })
  const [first] = module.body
  if (first === undefined) return []
  const base = first.span.start + prologue.length
  const bytes = Buffer.from(source)
  const found: Check[] = []
  const counts = new Map<string, number>()

  const note = ({ span }: Node, off: Check['off']) => {
    const start = span.start - base
    const end = span.end - base
    const text = bytes.subarray(start, end).toString()
    const hash = createHash('sha256').update(`${off} ${text}`).digest('hex').slice(0, 8)
    const count = (counts.get(hash) ?? 0) + 1
    counts.set(hash, count)
    const line = bytes.subarray(0, start).toString().split('\n').length
    found.push({ id: `${path}#${hash}.${count}`, path, line, text, start, end, off })
  }

  const visit = (node: Node, isCaught: boolean): void => {
    const { type, expression, body } = node
    if (type === 'ExpressionStatement' && isCheck(expression)) note(node, 'nothing')
    else if (type === 'ArrowFunctionExpression' && isCheck(body)) note(body as Node, 'undefined')
    else if (type === 'ThrowStatement' && !isCaught) note(node, 'nothing')
    else if (type === 'IfStatement' && isGuard(node))
      noteQuestions(node.test as Node, 'false', note)
    else {
      for (const child of childrenOf(node)) visit(child, isCaught || type === 'CatchClause')
    }
  }

  for (const statement of module.body.slice(1)) visit(statement as unknown as Node, false)
  return found
}

/** Of `a || b` each, because one of them could be forgotten alone; so of `!(a && b)`. */
function noteQuestions(
  question: Node,
  off: 'false' | 'true',
  note: (node: Node, off: Check['off']) => void
): void {
  const { type, operator } = question
  if (type === 'ParenthesisExpression') noteQuestions(question.expression as Node, off, note)
  else if (type === 'UnaryExpression' && operator === '!' && isChoice(question.argument)) {
    noteQuestions(question.argument as Node, off === 'false' ? 'true' : 'false', note)
  } else if (type === 'BinaryExpression' && operator === (off === 'false' ? '||' : '&&')) {
    noteQuestions(question.left as Node, off, note)
    noteQuestions(question.right as Node, off, note)
  } else {
    note(question, off)
  }
}

function isChoice(node: unknown): boolean {
  if (!isNode(node)) return false
  if (node.type === 'ParenthesisExpression') return isChoice(node.expression)
  return node.type === 'BinaryExpression' && ['||', '&&'].includes(String(node.operator))
}

/** An `if` without `else` that throws, or gives nothing, no or a reason. */
function isGuard({ consequent, alternate }: Node): boolean {
  if (isNode(alternate) || !isNode(consequent)) return false
  const statements = consequent.type === 'BlockStatement' ? consequent.stmts : [consequent]
  if (!Array.isArray(statements) || statements.length !== 1) return false
  const [only] = statements as Node[]
  if (only?.type === 'ThrowStatement') return true
  if (only?.type !== 'ReturnStatement' || !isNode(only.argument)) return false
  const { type, value } = only.argument
  return (
    type === 'StringLiteral' ||
    type === 'NullLiteral' ||
    (type === 'BooleanLiteral' && value === false) ||
    (type === 'Identifier' && value === 'undefined')
  )
}

function isCheck(node: unknown): boolean {
  if (!isNode(node)) return false
  if (node.type === 'AwaitExpression') return isCheck(node.argument)
  if (node.type !== 'CallExpression' || !isNode(node.callee)) return false
  const { callee } = node
  const name = callee.type === 'MemberExpression' ? callee.property : callee
  return isNode(name) && name.type === 'Identifier' && checking.test(String(name.value))
}

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flatMap((member) => {
    const list: readonly unknown[] = Array.isArray(member) ? member : [member]
    // The arguments of a call stand in wrappers without a type.
    return list.map((item) => (isWrapped(item) ? item.expression : item)).filter(isNode)
  })
}

function isWrapped(item: unknown): item is { readonly expression: unknown } {
  return typeof item === 'object' && item !== null && !('type' in item) && 'expression' in item
}

function isNode(item: unknown): item is Node {
  return typeof item === 'object' && item !== null && 'type' in item && 'span' in item
}
