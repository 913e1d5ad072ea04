import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owed, spansOf } from './shiftPicture.ts'

test('a night shift ends on the next day, and its break after midnight lies inside it', () => {
  const spans = spansOf({ start: '22:00', end: '06:00', breaks: [{ start: '01:00', end: '01:30', paid: false }] })
  assert.deepEqual(
    spans.map(({ kind, from, to }) => [kind, from, to]),
    [
      ['shift', 1320, 1800],
      ['break', 1500, 1530],
    ],
  )
  assert.equal(spans[0]?.words, '22:00–06:00 the next day')
})

test('what is owed is the length without unpaid breaks, unless it is said', () => {
  const breaks = [
    { start: '12:00', end: '12:30', paid: false },
    { start: '15:00', end: '15:10', paid: true },
  ]
  assert.equal(owed({ start: '09:00', end: '17:00', breaks, unpaid_break_minutes: 15 }), '7:15')
  assert.equal(owed({ start: '09:00', end: '17:00', expected_minutes: 420 }), '7:00')
  assert.equal(owed({ start: '09:00' }), '–')
})

test('nothing is drawn while the times are not entered, and a window for punches reaches around the shift', () => {
  assert.deepEqual(spansOf({ start: '09:00' }), [])
  const [window] = spansOf({ start: '09:00', end: '17:00', before_minutes: 60 })
  assert.deepEqual([window?.kind, window?.from, window?.to], ['window', 480, 1020])
})
