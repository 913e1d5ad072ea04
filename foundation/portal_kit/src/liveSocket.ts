import { reconnectDelay } from './backoff.ts'

export type LivePhase = 'connecting' | 'live' | 'stale'
export type LiveState = { phase: LivePhase; lastHeardAt: number | null }

/** The back end beats every 25 s: longer silence than this means that what is on screen may be old. */
export const STALE_AFTER_MS = 40_000
/** Bursts are handed over together, at most four times a second. */
const PAINT_EVERY_MS = 250
/** Policy violation (RFC 6455) and the private codes for "signed out" and "not allowed". */
const REFUSED_CODES = new Set([1008, 4401, 4403])

type Handlers<M> = {
  onMessages: (messages: M[]) => void
  /** Called after each reconnect: events may have been missed, so the snapshot must be read again. */
  onReconnect: () => void
  /** The session or the right is gone, or may be. */
  onRefused: () => void
  onState: (state: LiveState) => void
}

/** One self-healing WebSocket. Message order is kept; nothing is delivered after `close`. */
export class LiveSocket<M> {
  #url: string
  #handlers: Handlers<M>
  #socket: WebSocket | null = null
  #pending: M[] = []
  #attempt = 0
  #opened = 0
  #closed = false
  #state: LiveState = { phase: 'connecting', lastHeardAt: null }
  #lastPaint = 0
  #paintTimer: ReturnType<typeof setTimeout> | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #staleTimer: ReturnType<typeof setTimeout> | undefined

  constructor(path: string, handlers: Handlers<M>) {
    this.#url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
    this.#handlers = handlers
    window.addEventListener('online', this.#retryNow)
    this.#watchSilence()
    this.#connect()
  }

  close(): void {
    this.#closed = true
    window.removeEventListener('online', this.#retryNow)
    clearTimeout(this.#paintTimer)
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#staleTimer)
    this.#socket?.close(1000)
  }

  #connect(): void {
    if (this.#closed) return
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    let wasOpen = false
    socket.onopen = () => {
      wasOpen = true
      this.#attempt = 0
      this.#opened += 1
      this.#heard()
      if (this.#opened > 1) this.#handlers.onReconnect()
    }
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.#heard()
      if (typeof event.data !== 'string') return
      try {
        this.#pending.push(JSON.parse(event.data) as M)
      } catch {
        return // not JSON: nothing to show, and the connection itself is fine
      }
      this.#paint()
    }
    socket.onclose = (event) => {
      if (this.#closed || this.#socket !== socket) return
      this.#socket = null
      // A refused handshake looks like any other failure to a page: let the owner find out whether the session still holds.
      if (REFUSED_CODES.has(event.code) || (!wasOpen && this.#attempt > 0)) this.#handlers.onRefused()
      this.#setState({ ...this.#state, phase: 'connecting' })
      this.#retryTimer = setTimeout(() => this.#connect(), reconnectDelay(this.#attempt++))
    }
  }

  #retryNow = (): void => {
    if (this.#closed || this.#socket) return
    clearTimeout(this.#retryTimer)
    this.#attempt = 0
    this.#connect()
  }

  #heard(): void {
    this.#setState({ phase: 'live', lastHeardAt: Date.now() })
    this.#watchSilence()
  }

  #watchSilence(): void {
    clearTimeout(this.#staleTimer)
    this.#staleTimer = setTimeout(() => {
      this.#setState({ ...this.#state, phase: 'stale' })
      // A half-open connection never says so itself: drop it and dial again.
      const dead = this.#socket
      this.#socket = null
      dead?.close()
      clearTimeout(this.#retryTimer)
      this.#connect()
      this.#watchSilence()
    }, STALE_AFTER_MS)
  }

  #setState(state: LiveState): void {
    // Once stale, only a message heals: a mere redial must not take the banner away.
    const next =
      state.phase === 'connecting' && this.#state.phase === 'stale' ? { ...state, phase: 'stale' as const } : state
    this.#state = next
    this.#handlers.onState(next)
  }

  #paint(): void {
    if (this.#paintTimer !== undefined) return
    const wait = Math.max(0, this.#lastPaint + PAINT_EVERY_MS - Date.now())
    this.#paintTimer = setTimeout(() => {
      this.#paintTimer = undefined
      this.#lastPaint = Date.now()
      const batch = this.#pending
      this.#pending = []
      if (!this.#closed) this.#handlers.onMessages(batch)
    }, wait)
  }
}
