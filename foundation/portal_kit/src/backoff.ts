const SHORTEST_MS = 1_000
const LONGEST_MS = 30_000

/**
 * How long to wait before reconnect attempt number `attempt` (0 = first): full jitter between 1 s and a ceiling that
 * doubles up to 30 s, so that a restarted back end is not hit by every open tab in the same second.
 */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(attempt + 1, 10))
  return SHORTEST_MS + random() * (ceiling - SHORTEST_MS)
}
