import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReportColumn } from '../../api/reports.ts'
import { cellText, exactHours } from './reportText.ts'

const column = (kind: ReportColumn['kind']): ReportColumn => ({ name: 'x', title: 'X', kind, total: false })

test('durations are exact to the second and keep their sign', () => {
  assert.equal(exactHours(28_815), '8:00:15')
  assert.equal(exactHours(-61), '-0:01:01')
  assert.equal(exactHours(360_000), '100:00:00')
})

test('a cell is written by its kind; nothing and zero are empty', () => {
  assert.equal(cellText(column('duration'), 3_600), '1:00:00')
  assert.equal(cellText(column('number'), 12_345), '12,345')
  assert.equal(cellText(column('number'), 0), '')
  assert.equal(cellText(column('instant'), '2026-11-02T08:01:02+04:00'), '08:01:02')
  assert.equal(cellText(column('text'), null), '')
})
