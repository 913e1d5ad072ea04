import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filtersIn, withFilters } from './tableState.ts'
import { filterNames } from './tableTypes.ts'

test('a list reads only its own filters out of the address, and none that is empty', () => {
  const params = new URLSearchParams('q=noura&status=&record=7&from=2026-11-01')
  assert.deepEqual(filtersIn(params, ['q', 'status', 'from']), { q: 'noura', from: '2026-11-01' })
})

test('changing filters keeps everything else that stands in the address', () => {
  const params = new URLSearchParams('q=noura&record=7')
  const next = withFilters(params, { q: null, status: 'absent', site: '' })
  assert.equal(next.toString(), 'record=7&status=absent')
  assert.equal(params.toString(), 'q=noura&record=7', 'the address before stays as it was')
})

test('a list with a search box has q, and a span of dates has two names', () => {
  const filters = [
    { kind: 'dates', from: 'from', to: 'to', label: 'Days', today: '2026-11-29' },
    { kind: 'toggle', name: 'unknown', label: 'Unknown' },
  ] as const
  assert.deepEqual(filterNames([...filters], true), ['q', 'from', 'to', 'unknown'])
  assert.deepEqual(filterNames([...filters], false), ['from', 'to', 'unknown'])
})
