/** What of the kit needs no browser: dates, times, words. Page logic imports it from here, so that tests run in Node. */
export * from './dayTimes.ts'
export * from './words.ts'
export * from './zoned.ts'
