import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { onConfirmationWanted, onSignedOut } from './api.ts'
import { ProblemError } from './problem.ts'
import { listPath, makeApi, multipart } from './typedApi.ts'

type Answering = { parameters: { query?: { q?: string; limit?: number }; path: { id: string } } }
type Json<T> = { responses: { 200: { content: { 'application/json': T } } } }
type Paths = {
  '/api/staff/{id}': {
    get: Answering & Json<{ name: string }>
    put: Answering & Json<{ name: string }> & { requestBody: { content: { 'application/json': { name: string } } } }
    delete: Answering & { responses: { 204: { content?: never } } }
    post: Answering & Json<object> & { requestBody: { content: { 'multipart/form-data': { file: string } } } }
  }
}
type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

/** A server of its own on a free port, and what it was asked. */
async function served(t: TestContext, answer: (response: ServerResponse) => void) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { api: makeApi<Paths>(base), seen }
}

const json =
  (status: number, body: unknown, type = 'application/json') =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
const problem = (status: number, code: string) =>
  json(status, { title: 'No', code, detail: 'Why not' }, 'application/problem+json')

test('a path is filled and escaped, and an empty text is no filter', async (t) => {
  const { api, seen } = await served(t, json(200, { name: 'Noura' }))
  const answer = await api.get('/api/staff/{id}', { path: { id: 'a/b' }, query: { q: '', limit: 5 } })
  assert.deepEqual(answer, { name: 'Noura' })
  assert.equal(seen[0]?.url, '/api/staff/a%2Fb?limit=5')
  assert.equal(seen[0]?.headers['x-punctual'], undefined)
})

test('a change carries its JSON and the header that proves it comes from a page of ours', async (t) => {
  const { api, seen } = await served(t, json(200, { name: 'Huda' }))
  await api.put('/api/staff/{id}', { path: { id: '1' }, body: { name: 'Huda' } })
  assert.equal(seen[0]?.headers['x-punctual'], '1')
  assert.equal(seen[0]?.headers['content-type'], 'application/json')
  assert.equal(seen[0]?.body, '{"name":"Huda"}')
})

test('an answer without content is nothing', async (t) => {
  const { api } = await served(t, (response) => void response.writeHead(204).end())
  assert.equal(await api.delete('/api/staff/{id}', { path: { id: '1' } }), undefined)
})

test('a file goes as multipart with its own boundary', async (t) => {
  const { api, seen } = await served(t, json(200, {}))
  await api.post('/api/staff/{id}', { path: { id: '1' }, body: { file: 'a,b' }, bodySerializer: multipart })
  assert.match(seen[0]?.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/)
  assert.match(seen[0]?.body ?? '', /name="file"\r\n\r\na,b/)
})

test('a refusal is a problem with its code', async (t) => {
  const { api } = await served(t, problem(409, 'taken'))
  await assert.rejects(
    api.get('/api/staff/{id}', { path: { id: '1' } }),
    (error) => error instanceof ProblemError && error.code === 'taken' && error.status === 409,
  )
})

test('401 tells whoever listens that nobody is signed in; a wanted proof asks for it instead', async (t) => {
  let signedOut = 0
  let asked = 0
  t.after(onSignedOut(() => (signedOut += 1)))
  onConfirmationWanted(() => (asked += 1))
  t.after(() => onConfirmationWanted(null))
  const out = await served(t, problem(401, 'not_signed_in'))
  await assert.rejects(out.api.get('/api/staff/{id}', { path: { id: '1' } }))
  assert.deepEqual([signedOut, asked], [1, 0])
  const proof = await served(t, problem(401, 'step_up_required'))
  await assert.rejects(proof.api.get('/api/staff/{id}', { path: { id: '1' } }))
  assert.deepEqual([signedOut, asked], [1, 1])
})

test('a page of something else, and no answer at all, are told apart', async (t) => {
  const { api } = await served(
    t,
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Starting'),
  )
  const status = (wanted: number) => (error: unknown) => error instanceof ProblemError && error.status === wanted
  await assert.rejects(api.get('/api/staff/{id}', { path: { id: '1' } }), status(502))
  const nobody = makeApi<Paths>('http://127.0.0.1:1')
  await assert.rejects(nobody.get('/api/staff/{id}', { path: { id: '1' } }), status(0))
})

test('leaving a page is not a failure of the server', async (t) => {
  const { api } = await served(t, () => undefined)
  const leaving = new AbortController()
  const reading = api.get('/api/staff/{id}', { path: { id: '1' }, signal: leaving.signal })
  leaving.abort()
  await assert.rejects(reading, { name: 'AbortError' })
})

test('the path of a list inside something is filled', () => {
  assert.equal(listPath('/api/staff'), '/api/staff')
  assert.equal(listPath('/api/webhooks/{webhook_id}/deliveries', { webhook_id: '7' }), '/api/webhooks/7/deliveries')
})
