import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockOn, derivedSpans, effectOf, hoursOf, minuteOfDay, minutesOf, monthOf, spanWords } from './dayTimes.ts'

const at = (text: string) => Date.parse(text) / 1000

test('an instant is placed on the day it belongs to, also after midnight', () => {
  assert.equal(minuteOfDay('2026-11-22', 'Asia/Dubai', at('2026-11-22T18:00:00Z')), 22 * 60)
  assert.equal(minuteOfDay('2026-11-22', 'Asia/Dubai', at('2026-11-23T02:05:00Z')), 30 * 60 + 5)
  assert.equal(clockOn('2026-11-22', 'Asia/Dubai', at('2026-11-23T02:05:00Z')), '06:05 +1')
  assert.equal(clockOn('2026-11-22', 'Asia/Dubai', at('2026-11-22T04:00:03Z'), true), '08:00:03')
})

test('the night when clocks go back shows wall times', () => {
  assert.equal(clockOn('2026-10-25', 'Europe/Madrid', at('2026-10-25T00:30:00Z')), '02:30')
  assert.equal(clockOn('2026-10-25', 'Europe/Madrid', at('2026-10-25T01:30:00Z')), '02:30')
})

test('seconds are shown only where there are odd ones, and signs are kept', () => {
  assert.equal(hoursOf(28_800), '8:00')
  assert.equal(hoursOf(31_808), '8:50:08')
  assert.equal(hoursOf(-30), '-0:00:30')
  assert.equal(effectOf(-1_800), '−0:30')
  assert.equal(effectOf(1_800), '+0:30')
  assert.equal(effectOf(0), '±0')
})

test('times of day become minutes; anything else is none', () => {
  assert.equal(minutesOf('09:30'), 570)
  assert.equal(minutesOf('09:30:30'), 570.5)
  assert.equal(minutesOf('soon'), null)
  assert.equal(minutesOf(null), null)
})

test('months and spans', () => {
  assert.deepEqual(monthOf('2028-02-10'), { first: '2028-02-01', last: '2028-02-29' })
  assert.equal(spanWords('2026-11-01', '2026-11-30'), '1–30 November 2026')
  assert.equal(spanWords('2026-12-28', '2027-01-03'), '28 Dec 2026 – 3 Jan 2027')
})

test('periods cover today first and lie end to end', () => {
  assert.deepEqual(derivedSpans('2026-11-22', { kind: 'weekly' })[0], { first: '2026-11-16', last: '2026-11-22' })
  const fortnights = derivedSpans('2026-11-22', { kind: 'biweekly', anchor: '2026-11-20' })
  assert.deepEqual(fortnights.slice(0, 2), [
    { first: '2026-11-20', last: '2026-12-03' },
    { first: '2026-11-06', last: '2026-11-19' },
  ])
  // An anchor in the future counts backwards all the same.
  assert.deepEqual(derivedSpans('2026-11-22', { kind: 'weekly', anchor: '2027-01-03' })[0], {
    first: '2026-11-22',
    last: '2026-11-28',
  })
  assert.deepEqual(derivedSpans('2026-03-31', undefined)[1], { first: '2026-02-01', last: '2026-02-28' })
})
