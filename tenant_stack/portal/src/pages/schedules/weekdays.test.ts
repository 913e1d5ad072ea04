import assert from 'node:assert/strict'
import { test } from 'node:test'
import { weekdayWords } from './weekdays.ts'

test('three days or more in a row are a span; others are listed in the order of the week', () => {
  assert.equal(weekdayWords([4, 0, 1, 2, 3]), 'Mon–Fri')
  assert.equal(weekdayWords([6, 5]), 'Sat, Sun')
  assert.equal(weekdayWords([0, 2, 4]), 'Mon, Wed, Fri')
})
