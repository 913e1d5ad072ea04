import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvCell, csvText } from './csv.ts'

test('text that a spreadsheet would run is made text again', () => {
  for (const attack of ['=1+1', '+1+1', '-2+3', '@SUM(A1)', '\t=1+1', '\r=1+1', '=cmd|" /C calc"!A0', '＝1+1']) {
    assert.equal(csvCell(attack).replace(/^"/, '')[0], "'", JSON.stringify(attack))
  }
})

test('plain numbers, signs included, stay numbers', () => {
  assert.equal(csvCell(-3), '-3')
  assert.equal(csvCell('-2.50'), '-2.50')
  assert.equal(csvCell('08:30'), '08:30')
})

test('quotes, commas and line ends are quoted; nothing is the empty cell', () => {
  assert.equal(csvCell('a "b", c'), '"a ""b"", c"')
  assert.equal(csvCell('one\ntwo'), '"one\ntwo"')
  assert.equal(csvCell(null), '')
  assert.equal(csvCell(undefined), '')
  assert.equal(csvCell(0), '0')
  assert.equal(csvCell(false), 'false')
})

test('a file has a byte order mark, a header and CRLF after every row', () => {
  assert.equal(csvText(['Name', 'PIN'], [['Zoë', '007']]), '\uFEFFName,PIN\r\nZoë,007\r\n')
})
