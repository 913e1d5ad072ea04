import { plainProblem, problemFrom } from './problem.ts'

/** One page of a list: `next_cursor` is opaque and null on the last page. */
export type Page<T> = { items: T[]; next_cursor: string | null; total: number }

export type QueryValue = string | number | boolean | null | undefined
export type Query = Record<string, QueryValue>

type Options = { query?: Query; body?: unknown; signal?: AbortSignal | undefined }

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

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const { response, isJson } = await send(method, path, options)
  if (response.status === 204) return undefined as T
  if (!isJson) throw plainProblem(502, response.headers.get('x-correlation-id'))
  return (await response.json()) as T
}

async function send(method: string, path: string, { query, body, signal }: Options) {
  const upload = body instanceof FormData
  const deadline = AbortSignal.timeout(upload ? UPLOAD_WITHIN_MS : ANSWER_WITHIN_MS)
  const headers: Record<string, string> = { accept: 'application/json' }
  // The back end refuses unsafe cookie calls without this header: a foreign page can't set it without a preflight.
  if (method !== 'GET') headers['x-punctual'] = '1'
  if (Date.now() - lastTouchedAt < AT_IT_MS) headers['x-punctual-active'] = '1'
  // A form names its own type, with the boundary between its parts.
  if (body !== undefined && !upload) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(withQuery(path, query), {
      method,
      headers,
      body: body === undefined ? null : upload ? body : JSON.stringify(body),
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw plainProblem(deadline.aborted ? 504 : 0)
  }
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  if (!response.ok) {
    const problem: unknown = isJson ? await response.json().catch(() => null) : null
    const failed = problemFrom(response.status, problem, response.headers.get('x-correlation-id'))
    if (failed.code === 'step_up_required') askToConfirm?.()
    else if (response.status === 401) for (const listener of signedOutListeners) listener()
    throw failed
  }
  return { response, isJson }
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) =>
    request<T>('GET', path, { ...(query && { query }), signal }),
  post: <T>(path: string, body?: unknown) => request<T>('POST', path, { body }),
  /** Send a file; three minutes at most. */
  upload: <T>(path: string, form: FormData, query?: Query) =>
    request<T>('POST', path, { body: form, ...(query && { query }) }),
  /** Send a file, and get a text file back. */
  uploadForText: async (path: string, form: FormData): Promise<string> =>
    (await send('POST', path, { body: form })).response.text(),
  put: <T>(path: string, body: unknown) => request<T>('PUT', path, { body }),
  delete: (path: string) => request<void>('DELETE', path),
}
