/** One field a server refused, and why. `field` is the dotted path inside the body. */
export type FieldReason = { field: string; reason: string }

/** A failed call, in the shape of the services' problem+json answers. Status 0 means no answer came at all. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly correlationId: string | null
  readonly fields: FieldReason[]

  constructor(init: {
    status: number
    code: string
    title: string
    detail: string
    correlationId?: string | null
    fields?: FieldReason[]
  }) {
    super(init.title)
    this.name = 'ProblemError'
    this.status = init.status
    this.code = init.code
    this.detail = init.detail
    this.correlationId = init.correlationId ?? null
    this.fields = init.fields ?? []
  }
}

const PLAIN: Record<number, [string, string]> = {
  0: ['The server could not be reached', 'Check the network connection, then try again.'],
  401: ['You are signed out', 'Sign in again to go on.'],
  403: ['You may not do this', 'Your role does not include this. Ask an administrator of your organisation.'],
  404: ['Not found', 'It may have been deleted, or the address is wrong.'],
  413: ['Too large', 'The server refused the size of what was sent.'],
  429: ['Too many requests', 'Wait a moment, then try again.'],
  502: ['The service is restarting', 'This usually passes within seconds. Try again.'],
  503: ['The service is busy', 'This usually passes within seconds. Try again.'],
  504: ['The service took too long', 'Try again; if it stays like this, quote the correlation id to support.'],
}

export function plainProblem(status: number, correlationId: string | null = null): ProblemError {
  const [title, detail] = PLAIN[status] ?? [
    'Something went wrong',
    'Try again; if it stays like this, quote the correlation id to support.',
  ]
  return new ProblemError({
    status,
    code: status === 0 ? 'unreachable' : `http_${status}`,
    title,
    detail,
    correlationId,
  })
}

type ProblemBody = {
  title?: unknown
  code?: unknown
  detail?: unknown
  correlation_id?: unknown
  field?: unknown
  errors?: unknown
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** Read whatever an error answer carried; anything missing falls back to plain words for the status. */
export function problemFrom(status: number, body: unknown, headerCorrelationId: string | null): ProblemError {
  const fallback = plainProblem(status, headerCorrelationId)
  if (typeof body !== 'object' || body === null) return fallback
  const problem = body as ProblemBody
  const detail = text(problem.detail) ?? fallback.detail
  const fields: FieldReason[] = []
  if (Array.isArray(problem.errors)) {
    for (const item of problem.errors as { field?: unknown; reason?: unknown }[]) {
      const field = text(item?.field)
      if (field) fields.push({ field, reason: text(item.reason) ?? detail })
    }
  }
  const single = text(problem.field)
  if (single && !fields.some((item) => item.field === single)) fields.push({ field: single, reason: detail })
  return new ProblemError({
    status,
    code: text(problem.code) ?? fallback.code,
    title: text(problem.title) ?? fallback.message,
    detail,
    correlationId: text(problem.correlation_id) ?? headerCorrelationId,
    fields,
  })
}

export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  return new ProblemError({
    status: -1,
    code: 'portal_fault',
    title: 'The page could not show this',
    detail: error instanceof Error ? error.message : 'Reload the page and try again.',
  })
}
