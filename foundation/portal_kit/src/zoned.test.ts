import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addDays,
  ageText,
  dateIn,
  durationText,
  hoursMinutes,
  instantIn,
  knownZone,
  longDate,
  offsetText,
  shortDate,
} from './zoned.ts'

test('instants are shown in the zone asked for, whatever the browser lives in', () => {
  assert.equal(instantIn('Asia/Dubai', '2026-11-22T20:30:00Z'), '2026-11-23 00:30:00')
  assert.equal(instantIn('Asia/Kathmandu', '2026-11-22T00:00:00Z'), '2026-11-22 05:45:00')
  assert.equal(instantIn('America/Los_Angeles', '2026-11-22T00:00:00Z'), '2026-11-21 16:00:00')
})

test('both nights on which Madrid changes its clocks', () => {
  assert.equal(instantIn('Europe/Madrid', '2026-03-29T00:59:59Z'), '2026-03-29 01:59:59')
  assert.equal(instantIn('Europe/Madrid', '2026-03-29T01:00:00Z'), '2026-03-29 03:00:00')
  assert.equal(instantIn('Europe/Madrid', '2026-10-25T00:30:00Z'), '2026-10-25 02:30:00')
  assert.equal(instantIn('Europe/Madrid', '2026-10-25T01:30:00Z'), '2026-10-25 02:30:00')
})

test('midnight is 00, not 24', () => {
  assert.equal(instantIn('UTC', '2026-01-01T00:00:00Z'), '2026-01-01 00:00:00')
})

test('a zone nobody knows is shown as UTC, never as the browser zone', () => {
  assert.equal(knownZone('Mars/Olympus'), 'UTC')
  assert.equal(knownZone(null), 'UTC')
  assert.equal(dateIn('Mars/Olympus', '2026-11-22T23:59:59Z'), '2026-11-22')
})

test('calendar dates belong to no zone', () => {
  assert.equal(addDays('2026-03-01', -1), '2026-02-28')
  assert.equal(addDays('2026-12-31', 1), '2027-01-01')
  assert.match(longDate('2026-11-22'), /^Sunday,? 22 November 2026$/)
  assert.equal(shortDate('2026-11-22'), 'Sun 22 Nov')
})

test('ages grow from words to days', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  const ago = (seconds: number) => ageText(new Date(now - seconds * 1000).toISOString(), now)
  assert.deepEqual([0, 59, 60, 3599, 3600, 172_799, 172_800].map(ago), [
    'just now',
    '59 s ago',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '47 h ago',
    '2 days ago',
  ])
  assert.equal(ageText('nonsense', now), 'unknown')
})

test('worked time, durations and clock offsets', () => {
  assert.deepEqual([0, 59, 60, 485, null].map(hoursMinutes), ['0:00', '0:59', '1:00', '8:05', '–'])
  assert.deepEqual([12, 1500, 90_000].map(durationText), ['12 ms', '1.5 s', '1 min 30 s'])
  assert.deepEqual([0.4, 12, -75, 600, null].map(offsetText), [
    'exact to the second',
    '12 s fast',
    '75 s slow',
    '10 min fast',
    'not measured yet',
  ])
})
