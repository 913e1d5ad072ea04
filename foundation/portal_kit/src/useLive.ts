import { useEffect, useRef, useState } from 'react'
import { LiveSocket, type LiveState } from './liveSocket.ts'

type Options<M> = {
  onMessages: (messages: M[]) => void
  onReconnect: () => void
  onRefused: () => void
}

/** Keep one WebSocket open while the component is mounted; see `LiveSocket` for its promises. */
export function useLive<M>(path: string, options: Options<M>): LiveState {
  const [state, setState] = useState<LiveState>({ phase: 'connecting', lastHeardAt: null })
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  useEffect(() => {
    const socket = new LiveSocket<M>(path, {
      onMessages: (messages) => latest.current.onMessages(messages),
      onReconnect: () => latest.current.onReconnect(),
      onRefused: () => latest.current.onRefused(),
      onState: setState,
    })
    return () => socket.close()
  }, [path])
  return state
}
