import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pushHost } from './pushHost.ts'

test('a clock is given the device host of its organisation, beside the portal', () => {
  Object.assign(globalThis, { location: { protocol: 'https:' } })
  assert.deepEqual(pushHost('acme.example.com'), { address: 'acme.devices.example.com', port: '443', secure: true })
  assert.deepEqual(pushHost('acme.localhost:8443'), { address: 'acme.devices.localhost', port: '8443', secure: true })
})
