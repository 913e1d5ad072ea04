/** The state of a list in the address of its page: what people filter by, in both directions. */

/** The filters of `names` that an address holds; one without a value is none. */
export function filtersIn(params: URLSearchParams, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = params.get(name)
    if (value) found[name] = value
  }
  return found
}

/** The address after some filters change; null or nothing takes one out, all other parts stay. */
export function withFilters(params: URLSearchParams, changes: Record<string, string | null>): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  return next
}
