import { plainProblem, problemFrom } from './problem.ts'

/** One page of a list: `next_cursor` is opaque and null on the last page. */
export type Page<T> = { items: T[]; next_cursor: string | null; total: number }

export type QueryValue = string | number | boolean | null | undefined
export type Query = Record<string, QueryValue>

const ANSWER_WITHIN_MS = 30_000
const UPLOAD_WITHIN_MS = 180_000
let askToConfirm: (() => void) | null = null
const signedOutListeners = new Set<() => void>()

/** What asks the person to sign in again when the server wants a recent proof of who they are. */
export function onConfirmationWanted(ask: (() => void) | null): void {
  askToConfirm = ask
}

/** Called whenever any call is answered 401. Returns the unsubscribe function. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener)
  return () => signedOutListeners.delete(listener)
}

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

// A page left alone must not keep its session alive by polling: only calls while somebody is at it say so.
const AT_IT_MS = 60_000
let lastTouchedAt = Date.now()
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
  globalThis.addEventListener?.(kind, () => (lastTouchedAt = Date.now()), { passive: true, capture: true })
}

/** Sign in again and come back to this page: for what the server does only for somebody who just proved who they are. */
export function confirmIdentity(): void {
  const back = `${location.pathname}${location.search}`
  location.assign(withQuery('/auth/login', { again: true, next: back }))
}

/**
 * `fetch` with the rules of both portals: the headers that the services expect, a deadline, and a ProblemError for
 * every failure. 401 and "prove who you are again" reach whoever listens for them.
 */
export async function fetchAnswer(request: Request): Promise<Response> {
  const isUpload = request.headers.get('content-type')?.startsWith('multipart/') ?? false
  const deadline = AbortSignal.timeout(isUpload ? UPLOAD_WITHIN_MS : ANSWER_WITHIN_MS)
  const { headers } = request
  if (!headers.has('accept')) headers.set('accept', 'application/json')
  // The back end refuses unsafe cookie calls without this header: a foreign page can't set it without a preflight.
  if (request.method !== 'GET') headers.set('x-punctual', '1')
  if (Date.now() - lastTouchedAt < AT_IT_MS) headers.set('x-punctual-active', '1')
  let response: Response
  try {
    response = await fetch(request, {
      credentials: 'same-origin',
      signal: AbortSignal.any([request.signal, deadline]),
    })
  } catch (error) {
    if (request.signal.aborted) throw error
    throw plainProblem(deadline.aborted ? 504 : 0)
  }
  const correlationId = response.headers.get('x-correlation-id')
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  if (!response.ok) {
    const problem: unknown = isJson ? await response.json().catch(() => null) : null
    const failed = problemFrom(response.status, problem, correlationId)
    if (failed.code === 'step_up_required') askToConfirm?.()
    else if (response.status === 401) for (const listener of signedOutListeners) listener()
    throw failed
  }
  const wantsJson = headers.get('accept') === 'application/json'
  if (wantsJson && !isJson && response.status !== 204) throw plainProblem(502, correlationId)
  return response
}

/** The JSON at a path that only the caller knows, as the type that the caller vouches for. */
export async function readJson<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const request = new Request(withQuery(path, query), signal ? { signal } : {})
  return (await (await fetchAnswer(request)).json()) as T
}

/** One page of a list. */
export const readPage = <T>(path: ListPath<T>, query?: Query, signal?: AbortSignal): Promise<Page<T>> =>
  readJson<Page<T>>(path, query, signal)

/** The path of a list whose rows are `Row`. */
export type ListPath<Row> = string & { readonly listOf?: Row }
