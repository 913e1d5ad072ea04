export type Cell = string | number | boolean | null | undefined

// Spreadsheets run a cell that starts with one of these as a formula; a leading apostrophe makes it text again.
const STARTS_A_FORMULA = /^[=+\-@\t\r\n＝＋－＠]/
const IS_A_NUMBER = /^-?\d+([.]\d+)?$/

/** One cell of RFC 4180 text that no spreadsheet will execute. */
export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return ''
  let text = String(value)
  if (STARTS_A_FORMULA.test(text) && !IS_A_NUMBER.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A whole file: byte order mark (Excel reads UTF-8 only with it), header, rows, CRLF line ends. */
export function csvText(header: string[], rows: Cell[][]): string {
  return `\uFEFF${[header, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`
}

/** Hand a text to the browser as a download. */
export function saveText(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download starts asynchronously in some browsers: free the address a little later.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
