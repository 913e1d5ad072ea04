import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { LiveSocket, type LiveState } from './liveSocket.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11' // RFC 6455, section 1.3

/** A WebSocket server that says what it is told to: text of at most 125 bytes, or a close code. */
async function served(t: TestContext) {
  const sockets: Duplex[] = []
  let onOpen: () => void = () => undefined
  const server = createServer()
  server.on('upgrade', (request, socket: Duplex) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('error', () => undefined)
    sockets.push(socket)
    onOpen()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const frame = (opcode: number, payload: Buffer) =>
    Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload])
  Object.assign(globalThis, {
    location: { protocol: 'http:', host: `127.0.0.1:${(server.address() as AddressInfo).port}` },
    window: new EventTarget(),
  })
  return {
    opened: () => new Promise<void>((resolve) => (onOpen = resolve)),
    say: (text: string) => sockets.at(-1)?.write(frame(1, Buffer.from(text))),
    hangUp: (code: number) => sockets.at(-1)?.end(frame(8, Buffer.from([code >> 8, code & 0xff]))),
  }
}

/** A live socket, and promises of what happens to it next. */
function listening(t: TestContext) {
  const states: LiveState['phase'][] = []
  let onMessages: (messages: unknown[]) => void = () => undefined
  let onReconnect: () => void = () => undefined
  let onRefused: () => void = () => undefined
  const socket = new LiveSocket<unknown>('/api/live', {
    onMessages: (messages) => onMessages(messages),
    onReconnect: () => onReconnect(),
    onRefused: () => onRefused(),
    onState: ({ phase }) => states.push(phase),
  })
  t.after(() => socket.close())
  return {
    states,
    messages: () => new Promise<unknown[]>((resolve) => (onMessages = resolve)),
    reconnected: () => new Promise<void>((resolve) => (onReconnect = resolve)),
    refused: () => new Promise<void>((resolve) => (onRefused = resolve)),
  }
}

test('messages come in order and together; what is no JSON is passed over', { timeout: 20_000 }, async (t) => {
  const server = await served(t)
  const open = server.opened()
  const live = listening(t)
  await open
  const first = live.messages()
  server.say('{"type":"hello"}')
  assert.deepEqual(await first, [{ type: 'hello' }])
  const rest = live.messages()
  server.say('{"n":1}')
  server.say('not JSON')
  server.say('{"n":2}')
  assert.deepEqual(await rest, [{ n: 1 }, { n: 2 }])
  assert.equal(live.states.at(-1), 'live')
})

test('a lost connection is made again, and the page told to read anew', { timeout: 20_000 }, async (t) => {
  const server = await served(t)
  const open = server.opened()
  const live = listening(t)
  await open
  const again = live.reconnected()
  server.hangUp(1001)
  await again
  assert.deepEqual(live.states.slice(-2), ['connecting', 'live'])
})

test('a server that hangs up on somebody signed out says so to the page', { timeout: 20_000 }, async (t) => {
  const server = await served(t)
  const open = server.opened()
  const live = listening(t)
  await open
  const refused = live.refused()
  server.hangUp(4401)
  await refused
})
