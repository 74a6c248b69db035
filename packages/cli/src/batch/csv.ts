import { type Located, wrongAt } from './located.ts'

interface Cell {
  text: string
  line: number
  column: number
}

/** Rows of comma-separated values (RFC 4180), each a map by the names of the first row. Empty cells are left out. */
export function parseCsv(text: string, file: string): Located[] {
  const [head, ...rows] = cellsOf(text.replace(/^\uFEFF/, ''), file)
  if (!head) return []
  const names = new Map<string, Cell>()
  for (const cell of head) {
    const name = cell.text.trim()
    if (name === '') throw wrongAt(file, cell, 'a column has no name')
    if (names.has(name)) throw wrongAt(file, cell, `there are two columns "${name}"`)
    names.set(name, cell)
  }
  const columns = [...names.keys()]
  return rows.map((row) => {
    const [first] = row
    const extra = row[columns.length]
    if (extra) throw wrongAt(file, extra, `this row has ${row.length} cells, the first one has ${columns.length}`)
    const entries = columns.flatMap((name, index) => {
      const cell = row[index]
      const key = names.get(name)
      if (!cell || !key || cell.text === '') return []
      const { line, column, text: value } = cell
      return [[name, { key, value: { kind: 'scalar' as const, line, column, value, text: value } }] as const]
    })
    return { kind: 'map' as const, line: first?.line ?? 1, column: first?.column ?? 1, entries: new Map(entries) }
  })
}

function cellsOf(text: string, file: string): Cell[][] {
  const rows: Cell[][] = []
  let row: Cell[] = []
  let [at, line, lineStart] = [0, 1, 0]
  const newLine = () => {
    line++
    lineStart = at
  }
  while (at < text.length) {
    const cell: Cell = { text: '', line, column: at - lineStart + 1 }
    if (text[at] === '"') {
      at++
      for (;;) {
        const char = text[at]
        if (char === undefined) throw wrongAt(file, cell, 'a quotation mark is never closed')
        at++
        if (char === '"') {
          if (text[at] !== '"') break
          at++
        }
        cell.text += char
        if (char === '\n') newLine()
      }
      if (at < text.length && !/[,\r\n]/.test(text[at] ?? ''))
        throw wrongAt(
          file,
          { line, column: at - lineStart + 1 },
          'text follows a closing quotation mark',
          'Double a quotation mark inside of a quoted cell.',
        )
    } else {
      const end = text.slice(at).search(/[,\r\n]/)
      cell.text = end < 0 ? text.slice(at) : text.slice(at, at + end)
      at += cell.text.length
    }
    row.push(cell)
    if (text[at] === ',') {
      at++
      // A comma at the very end of the file is followed by an empty cell.
      if (at < text.length) continue
      row.push({ text: '', line, column: at - lineStart + 1 })
    }
    if (text[at] === '\r') at++
    if (text[at] === '\n') at++
    newLine()
    if (row.some((one) => one.text !== '')) rows.push(row)
    row = []
  }
  return rows
}
