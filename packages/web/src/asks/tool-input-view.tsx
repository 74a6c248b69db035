import { memo, useMemo } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'
import { type ChangedLine, type Field, readToolInput } from './tool-input.ts'

/** What a tool would do, all of it: a command, a change of a file, or its fields. */
export const ToolInputView = memo(function ToolInputView({ input, compact }: { input: unknown; compact: boolean }) {
  const read = useMemo(() => readToolInput(input), [input])
  const height = compact ? 'max-h-40' : 'max-h-80'
  if (read.kind === 'fields') return <Fields fields={read.fields} height={height} />
  return (
    <div className="flex flex-col gap-2">
      {read.kind === 'command' ? (
        <Block label="Command" height={height}>
          {read.command.split('\n').map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a text have no names and no state.
            <span key={index} className="block">
              <span aria-hidden className="select-none text-muted">
                {index === 0 ? '$ ' : '  '}
              </span>
              {visibleCharacters(line)}
            </span>
          ))}
        </Block>
      ) : (
        read.changes.map((lines, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the changes of an input have no names and no state.
          <Change key={index} path={read.path} lines={lines} height={height} />
        ))
      )}
      <Fields fields={read.rest} height={height} />
    </div>
  )
})

function Block({ label, height, children }: { label: string; height: string; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group without a legend.
    <div role="group" aria-label={label} className="overflow-hidden rounded-md border bg-sunken">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
        tabIndex={0}
        className={cn('overflow-auto whitespace-pre-wrap px-3 py-2 font-mono text-sm [overflow-wrap:anywhere]', height)}
      >
        {children}
      </pre>
    </div>
  )
}

const SIGNS = { '+': 'bg-added-surface text-added', '-': 'bg-deleted-surface text-deleted', ' ': 'text-muted' } as const

function Change({ path, lines, height }: { path: string; lines: readonly ChangedLine[]; height: string }) {
  return (
    <section aria-label={`Change of ${path}`} className="overflow-hidden rounded-md border bg-sunken">
      <p className="break-all border-b px-3 py-1.5 font-mono text-muted text-xs">{visibleCharacters(path)}</p>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
        tabIndex={0}
        className={cn('overflow-auto py-1 font-mono text-sm', height)}
      >
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a text have no names and no state.
          <span key={index} className={cn('block min-w-max whitespace-pre px-3', SIGNS[line.sign])}>
            <span aria-hidden className="select-none">
              {line.sign}{' '}
            </span>
            {line.sign !== ' ' && <span className="sr-only">{line.sign === '+' ? 'added: ' : 'removed: '}</span>}
            {visibleCharacters(line.text)}
          </span>
        ))}
      </pre>
    </section>
  )
}

function Fields({ fields, height }: { fields: readonly Field[]; height: string }) {
  if (fields.length === 0) return null
  return (
    <dl
      tabIndex={0}
      className={cn('grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1 overflow-y-auto text-sm', height)}
    >
      {fields.map(({ name, text }) => (
        <div key={name} className="contents">
          <dt className="text-muted">{visibleCharacters(name)}</dt>
          <dd className="whitespace-pre-wrap [overflow-wrap:anywhere]">{visibleCharacters(text)}</dd>
        </div>
      ))}
    </dl>
  )
}
