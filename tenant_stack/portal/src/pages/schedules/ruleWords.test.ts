import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleDefinition } from '../../api/schedules.ts'
import { topicsOf } from './ruleWords.ts'

const linesOf = (rules: object, title: string) =>
  topicsOf(rules as RuleDefinition).find((topic) => topic.title === title)?.lines

test('rules that do nothing say so', () => {
  assert.deepEqual(linesOf({}, 'Rounding'), ['Nothing is rounded: every second counts.'])
  assert.deepEqual(linesOf({ breaks: [] }, 'Breaks'), ['Nothing is taken off: breaks are what people punch.'])
  assert.deepEqual(linesOf({ overtime: { tiers: [] } }, 'Overtime'), [
    'There is no overtime: all worked time is regular.',
  ])
})

test('overtime is read out with its limit, code and factor', () => {
  const daily = { code: 'OT1', basis: 'daily', rate: '1.50', after_minutes: 480, day: 7, window: null }
  const nights = { code: 'NIGHT', basis: 'window', rate: '1.25', after_minutes: 0, day: 7, window: ['22:00', '06:00'] }
  const weekly = { code: 'OT2', basis: 'weekly', rate: '2', after_minutes: 2430, day: 7, window: null }
  const overtime = { tiers: [daily, nights, weekly], week_start: 6, minimum_minutes: 15, cap_minutes: 120 }
  assert.deepEqual(linesOf({ overtime }, 'Overtime'), [
    'In a day, beyond 8 h: OT1 at 1.5 times.',
    'Between hours of the clock, beyond 0 min (22:00–06:00): NIGHT at 1.25 times.',
    'In a week, beyond 40:30: OT2 at 2 times.',
    'Less than 15 min in a day is no overtime.',
    'At most 2 h in a day.',
    'The week starts on Sunday.',
  ])
})

test('breaks say when how much is taken off', () => {
  const steps_minutes = [
    [360, 30],
    [540, 45],
  ]
  const breaks = [{ code: 'MEAL', method: 'deduct', steps_minutes, include_punched: true }]
  assert.deepEqual(linesOf({ breaks }, 'Breaks'), [
    'Taken off, punched or not (MEAL): 30 min when more than 6 h were worked, 45 min when more than 9 h were worked; what was punched counts towards it.',
  ])
})

test('a value that this page does not know is shown as it is', () => {
  const roundings = [{ target: 'lunar', mode: 'up', interval_minutes: 15 }]
  assert.deepEqual(linesOf({ roundings }, 'Rounding'), ['lunar: up 15 min.'])
})
