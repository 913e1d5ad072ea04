import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asProblem, problemFrom, ProblemError } from './problem.ts'

test('a problem+json answer keeps its code, sentence, id and fields', () => {
  const problem = problemFrom(
    409,
    { title: 'Taken', code: 'slug_taken', detail: 'acme is taken', correlation_id: 'abc', field: 'slug' },
    'from-header',
  )
  assert.equal(problem.code, 'slug_taken')
  assert.equal(problem.message, 'Taken')
  assert.equal(problem.correlationId, 'abc')
  assert.deepEqual(problem.fields, [{ field: 'slug', reason: 'acme is taken' }])
})

test('several field errors are kept once each', () => {
  const errors = [
    { field: 'name', reason: 'too long' },
    { field: 'zone', reason: 'unknown' },
  ]
  const problem = problemFrom(422, { code: 'invalid_input', detail: 'name: too long', field: 'name', errors }, null)
  assert.deepEqual(problem.fields, errors)
})

test('an answer that is no problem document still says something and keeps the id of the header', () => {
  for (const body of [null, 'Bad gateway', [], { errors: 'nonsense' }, { errors: [null, 7] }]) {
    const problem = problemFrom(502, body, 'from-header')
    assert.equal(problem.status, 502)
    assert.equal(problem.message, 'The service is restarting')
    assert.equal(problem.correlationId, 'from-header')
    assert.deepEqual(problem.fields, [])
  }
})

test('anything thrown becomes a problem that can be shown', () => {
  assert.ok(asProblem(new Error('x')) instanceof ProblemError)
  assert.ok(asProblem('text').detail)
  const known = problemFrom(404, null, null)
  assert.equal(asProblem(known), known)
})
