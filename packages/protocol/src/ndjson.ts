/** The lines of a stream of UTF-8 bytes. What stands after the last newline is no line: the stream was cut. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield pending + text.slice(start, end)
      pending = ''
      start = end + 1
    }
    pending += text.slice(start)
  }
}
