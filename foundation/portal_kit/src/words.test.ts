import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted, people } from './words.ts'

test('one has the singular; none and many have the plural', () => {
  assert.equal(counted(1, 'day'), '1 day')
  assert.equal(counted(0, 'day'), '0 days')
  assert.equal(counted(1200, 'row'), '1,200 rows')
  assert.equal(counted(2, 'punch', 'punches'), '2 punches')
  assert.equal(people(1), '1 person')
  assert.equal(people(3), '3 people')
})
