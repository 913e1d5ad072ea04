import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reconnectDelay } from './backoff.ts'

test('every wait lies between 1 s and a ceiling that doubles up to 30 s', () => {
  const ceilings = [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
  ceilings.forEach((ceiling, attempt) => {
    assert.equal(
      reconnectDelay(attempt, () => 0),
      1_000,
    )
    assert.equal(
      reconnectDelay(attempt, () => 1),
      ceiling,
    )
  })
  assert.equal(
    reconnectDelay(5_000, () => 1),
    30_000,
  )
})
