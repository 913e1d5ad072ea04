/** "1 day", "1,200 days": a number with the word for one or for many. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** "1 person", "25 people". */
export const people = (count: number): string => counted(count, 'person', 'people')
